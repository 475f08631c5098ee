"""
Go templates: what kubectl 1.37.2 printed for the same object, and what is refused.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.view.go_template import GoTemplate, GoTemplateError, GoTemplateFault

OBJECT: dict[str, Any] = {
    "kind": "ConfigMap",
    "metadata": {"name": "x", "labels": {"a": "b", "z.y/w": "q"}, "n": None},
    "spec": {
        "r": 3, "f": 1.5, "big": 1e7, "t": True, "l": [{"n": "a", "p": 1}, {"n": "b", "p": None}, {"n": "c"}],
        "s": ["x", "y"], "e": [], "em": {}, "b64": "aGVsbG8=", "html": "<a&'\">é",
    },
}  # fmt: skip
PRINTED = {
    "{{.metadata.name}}": "x",
    "{{.metadata.nope.x}}": "<no value>",
    "{{.metadata.n}}": "<no value>",
    "{{.metadata.labels}}": "map[a:b z.y/w:q]",
    "{{.spec.l}}": "[map[n:a p:1] map[n:b p:<nil>] map[n:c]]",
    "{{.spec.f}} {{.spec.big}} {{.spec.t}} {{.spec.r}}": "1.5 10000000 true 3",
    "{{range .spec.l}}{{.n}}={{.p}} {{end}}": "a=1 b=<no value> c=<no value> ",
    "{{range $i, $e := .spec.l}}{{$i}}:{{$e.n}},{{end}}": "0:a,1:b,2:c,",
    "{{range $k,$v := .metadata.labels}}{{$k}}={{$v}};{{end}}": "a=b;z.y/w=q;",
    "{{range .spec.e}}x{{else}}none{{end}}": "none",
    "{{with .spec.em}}x{{else with .spec}}{{.r}}{{end}}": "3",
    '{{index .metadata.labels "z.y/w"}}': "q",
    '{{(index .spec.l 0).n}}{{index .spec.l 1 "n"}}': "ab",
    "{{if eq .spec.r 3}}y{{else}}n{{end}}": "y",
    "{{if .nope}}a{{else if .spec.t}}b{{else}}c{{end}}": "b",
    "{{if and .spec.t (gt .spec.r 2)}}y{{end}}": "y",
    '{{or .spec.nope "d"}} {{and .spec.r .spec.f}}': "d 1.5",
    '{{len .spec.l}} {{len "é"}} {{.spec.l | len | printf "%03d"}}': "3 2 003",
    '{{printf "%s-%d-%v-%q" .metadata.name .spec.r .spec.s "a\\n"}}': 'x-3-[x y]-"a\\n"',
    '{{printf "%5d|%-5s|%05d" .spec.r "a" .spec.r}}': "    3|a    |00003",
    '{{printf "%.2f %x %X %c" .spec.f 255 "hi" 65}}': "1.50 ff 6869 A",
    '{{.spec.b64 | base64decode | printf "%q"}}': '"hello"',
    '{{exists .spec "r"}} {{exists .spec "z"}} {{exists .spec.l 0 "n"}} {{exists .spec.l 9}}': "true false true false",
    "{{html .spec.html}} {{urlquery .spec.html}}": "&lt;a&amp;&#39;&#34;&gt;é %3Ca%26%27%22%3E%C3%A9",
    '{{print 1 2 "a" "b" 3}}|{{println "a" 1}}': "1 2ab3|a 1\n",
    'a  {{- " x " -}}   b{{/* c */}}d {{- /* e */ -}}  f': "a x bdf",
    "{{$x := .spec.r}}{{$x = 5}}{{$x}}{{$.kind}}": "5ConfigMap",
    '{{range .spec.l}}{{if eq .n "b"}}{{continue}}{{end}}{{.n}}{{end}}': "ac",
    '{{range .spec.l}}{{if eq .n "b"}}{{break}}{{end}}{{.n}}{{end}}': "a",
    '{{slice .spec.s 1}} {{slice "hello" 1 3}}': "[y] el",
    "{{slice .spec.s 0 1 2}} {{slice .spec.s 1 2 2}}": "[x] [y]",
    "{{range 3}}{{.}}{{end}}": "012",
    "{{$x := 1}}{{range $x := .spec.s}}{{$x}}{{end}}{{$x}}": "xy1",
    "{{$x := 1}}{{if true}}{{$x := 2}}{{$x = 3}}{{$x}}{{end}}{{$x}}": "31",
    "{{$x := 1}}{{with $x := 2}}{{$x}}{{end}}{{$x}}": "21",
    "{{'a'}} {{0x1f}} {{1.5}} {{-3}} {{`raw`}} {{\"\\u00e9\\x41\"}}": "97 31 1.5 -3 raw éA",
    '{{eq .spec.nope .spec.nope2}} {{eq .metadata.name "a" "x"}}': "true true",
    "{{ne 1 2}} {{le 2 2}} {{ge 1 2}}": "true true false",
}  # fmt: skip


@pytest.mark.parametrize("template", PRINTED)
def test_as_kubectl_prints_it(template: str) -> None:
    """Every part of the language that is supported."""
    assert GoTemplate(template).render(OBJECT) == PRINTED[template]


@pytest.mark.parametrize(
    "template",
    [
        "{{.a-b}}", "{{range}}", "{{if .x}}", "{{nope}}", "{{$y}}", "{{1 | 2}}", "{{end}}", "{{", '{{"abc', "{{break}}",
        '{{define "x"}}{{end}}', '{{template "x"}}', '{{block "x" .}}{{end}}', "{{call .x}}", "{{js .x}}", "{{(.a}}",
        "{{/* c", "{{.a}}{{else}}", '{{"\\q"}}', "{{range .a}}{{else}}{{break}}{{end}}", "{{.x .y" + "(" * 200,
    ],
)  # fmt: skip
def test_what_is_refused(template: str) -> None:
    """What kubectl refuses, and what is not supported, is a usage error before any object is read."""
    with pytest.raises(GoTemplateError) as caught:
        GoTemplate(template)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "template",
    [
        "{{.spec.s.x}}", "{{.metadata.n.x}}", "{{index .spec.s 5}}", '{{eq .spec.r "3"}}', "{{len .spec.r}}", "{{nil}}",
        '{{.spec.s "x"}}', "{{range .metadata.name}}{{end}}", '{{index .metadata.nope "x"}}', "{{lt .spec.t .spec.t}}",
        '{{printf "%d" "a"}}', '{{printf "%99999999d" 1}}', "{{range 9999999}}{{end}}", '{{"%" | base64decode}}',
        "{{range 9999}}{{range 9999}}{{end}}{{end}}", "{{slice .spec.s 2 1}}", "{{and}}",
        "{{slice .spec.s 0 2 1}}", "{{slice .spec.s 0 3}}", '{{slice "hello" 0 2 3}}',
    ],
)  # fmt: skip
def test_what_cannot_be_followed(template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the object at hand, in bounded time."""
    monkeypatch.setattr("kstore.view.go_template.template._MOST_STEPS", 5000)
    with pytest.raises(GoTemplateFault):
        GoTemplate(template).render(OBJECT)


def test_missing_members_may_be_forbidden() -> None:
    """With --no-allow-missing-template-keys."""
    for template in ("{{.nope}}", "{{.metadata.nope}}"):
        with pytest.raises(GoTemplateFault, match="no entry for key"):
            GoTemplate(template, allow_missing_keys=False).render(OBJECT)


def test_whole_numbers() -> None:
    """What fits into an int64 is one, to the last digit; what does not is a float."""
    template = GoTemplate("{{.n}}")
    assert template.render({"n": (1 << 63) - 1}) == "9223372036854775807"
    assert template.render({"n": -(1 << 63)}) == "-9223372036854775808"
    assert template.render({"n": 1 << 63}) == "9.223372036854776e+18"
