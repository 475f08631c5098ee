package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"go/ast"
	"go/printer"
	"go/token"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// Function is one hand-written defaulting or conversion function.
type Function struct {
	Package string `json:"package"`
	File    string `json:"file"`
	Name    string `json:"name"`
	Hash    string `json:"hash"` // of signature and body as gofmt prints them, comments left out
	Lines   int    `json:"lines"`
}

// functions lists SetDefaults_* and Convert_* outside of generated files, without those that only call their namesake of
// another package, as a package does whose types have moved.
func functions(packages []*pkg) []Function {
	out := []Function{}
	for _, p := range packages {
		for i, file := range p.files {
			if strings.HasPrefix(p.names[i], "zz_generated") {
				continue
			}
			for _, declaration := range file.Decls {
				function, ok := declaration.(*ast.FuncDecl)
				if !ok || function.Recv != nil || function.Body == nil {
					continue
				}
				name := function.Name.Name
				if (strings.HasPrefix(name, "SetDefaults_") || strings.HasPrefix(name, "Convert_")) && !forwards(function) {
					out = append(out, Function{Package: p.path, File: p.names[i], Name: name, Hash: hash(function),
						Lines: fset.Position(function.Body.End()).Line - fset.Position(function.Body.Pos()).Line + 1})
				}
			}
		}
	}
	return out
}

// forwards says whether a function does nothing but call the function of the same name of another package.
func forwards(function *ast.FuncDecl) bool {
	if len(function.Body.List) != 1 {
		return false
	}
	var called ast.Expr
	switch statement := function.Body.List[0].(type) {
	case *ast.ExprStmt:
		called = statement.X
	case *ast.ReturnStmt:
		if len(statement.Results) == 1 {
			called = statement.Results[0]
		}
	}
	call, ok := called.(*ast.CallExpr)
	if !ok {
		return false
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	return ok && selector.Sel.Name == function.Name.Name
}

func hash(function *ast.FuncDecl) string {
	bare := *function
	bare.Doc = nil
	var text bytes.Buffer
	// a FuncDecl printed on its own, not within its file, comes without the comments inside the body
	printer.Fprint(&text, token.NewFileSet(), &bare)
	sum := sha256.Sum256(text.Bytes())
	return hex.EncodeToString(sum[:6])
}

// Gates are the feature gates that defaulting and conversion consult, and every gate's default in this release.
type Gates struct {
	Consulted map[string][]string `json:"consulted"` // gate -> "package/file"
	Defaults  map[string]bool     `json:"defaults"`
}

func gates(packages []*pkg, kube, apiserver string) Gates {
	out := Gates{Consulted: map[string][]string{}, Defaults: map[string]bool{}}
	for _, p := range packages {
		for i, file := range p.files {
			if !strings.HasPrefix(p.names[i], "defaults") && !strings.HasPrefix(p.names[i], "conversion") {
				continue
			}
			seen := map[string]bool{}
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) != 1 {
					return true
				}
				selector, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || selector.Sel.Name != "Enabled" {
					return true
				}
				gate, ok := call.Args[0].(*ast.SelectorExpr)
				if ok && !seen[gate.Sel.Name] {
					seen[gate.Sel.Name] = true
					out.Consulted[gate.Sel.Name] = append(out.Consulted[gate.Sel.Name], p.path+"/"+p.names[i])
				}
				return true
			})
		}
	}
	for module, dir := range map[string]string{
		"k8s.io/kubernetes/pkg/features": filepath.Join(kube, "pkg", "features"),
		"k8s.io/apiserver/pkg/features":  filepath.Join(apiserver, "pkg", "features"),
	} {
		for _, p := range load(module, dir, func(string) bool { return true }) {
			for _, file := range p.files {
				gateDefaults(file, out.Defaults)
			}
		}
	}
	for _, where := range out.Consulted {
		sort.Strings(where)
	}
	return out
}

// gateDefaults reads `Gate: {Default: true, …}`, and the later `Gate: {{Version: …, Default: true, …}, …}` whose last
// entry is the one that holds in the release that carries the file.
func gateDefaults(file *ast.File, into map[string]bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		name := ""
		switch key := pair.Key.(type) {
		case *ast.Ident:
			name = key.Name
		case *ast.SelectorExpr:
			name = key.Sel.Name
		}
		value, ok := pair.Value.(*ast.CompositeLit)
		if name == "" || !ok {
			return true
		}
		if n := len(value.Elts); n > 0 {
			if last, ok := value.Elts[n-1].(*ast.CompositeLit); ok {
				value = last
			}
		}
		for _, element := range value.Elts {
			field, ok := element.(*ast.KeyValueExpr)
			if !ok {
				continue
			}
			if key, ok := field.Key.(*ast.Ident); ok && key.Name == "Default" {
				if literal, ok := field.Value.(*ast.Ident); ok {
					if enabled, err := strconv.ParseBool(literal.Name); err == nil {
						into[name] = enabled
					}
				}
			}
		}
		return true
	})
}
