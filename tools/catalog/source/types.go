package main

import (
	"encoding/json"
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// structs calls visit with each struct type of a package, and the comments that belong to it: the doc comment, and
// the comment group just above (client markers are often set off by an empty line).
func structs(p *pkg, visit func(name string, body *ast.StructType, comments []string)) {
	for _, file := range p.files {
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok || general.Tok != token.TYPE {
				continue
			}
			for _, spec := range general.Specs {
				ts := spec.(*ast.TypeSpec)
				body, ok := ts.Type.(*ast.StructType)
				if !ok {
					continue
				}
				start := general.Pos()
				var lines []string
				for _, doc := range []*ast.CommentGroup{general.Doc, ts.Doc} {
					if doc != nil {
						lines, start = append(lines, commentLines(doc)...), min(start, doc.Pos())
					}
				}
				if above := detached(file, start); above != nil {
					lines = append(commentLines(above), lines...)
				}
				visit(ts.Name.Name, body, lines)
			}
		}
	}
}

// detached is the comment group that ends one or two lines above a position, after everything else declared.
func detached(file *ast.File, start token.Pos) *ast.CommentGroup {
	line := fset.Position(start).Line
	for _, group := range file.Comments {
		if end := fset.Position(group.End()).Line; group.End() < start && line-end <= 2 {
			return group
		}
	}
	return nil
}

func commentLines(group *ast.CommentGroup) []string {
	var out []string
	for _, comment := range group.List {
		for _, line := range strings.Split(comment.Text, "\n") {
			out = append(out, strings.TrimSpace(strings.Trim(strings.TrimSpace(line), "/*")))
		}
	}
	return out
}

// defaults are the values of `+default=` markers: package.Type -> Go field name -> JSON value. A marker that refers
// to a constant is resolved (constants of the marker's own package).
func defaults(packages []*pkg) map[string]map[string]json.RawMessage {
	reference := regexp.MustCompile(`^ref\(([A-Za-z0-9_.]+)\)$`)
	out := map[string]map[string]json.RawMessage{}
	for _, p := range packages {
		constants := stringConstants(p)
		structs(p, func(name string, body *ast.StructType, _ []string) {
			for _, field := range body.Fields.List {
				if field.Doc == nil {
					continue
				}
				for _, line := range commentLines(field.Doc) {
					value, ok := strings.CutPrefix(line, "+default=")
					if !ok || len(field.Names) == 0 {
						continue
					}
					if m := reference.FindStringSubmatch(value); m != nil {
						quoted, _ := json.Marshal(constants[m[1]])
						value = string(quoted)
					}
					key := p.path + "." + name
					if out[key] == nil {
						out[key] = map[string]json.RawMessage{}
					}
					out[key][field.Names[0].Name] = json.RawMessage(value)
				}
			}
		})
	}
	return out
}

func stringConstants(p *pkg) map[string]string {
	out := map[string]string{}
	for _, file := range p.files {
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok || general.Tok != token.CONST {
				continue
			}
			for _, spec := range general.Specs {
				vs := spec.(*ast.ValueSpec)
				for i, name := range vs.Names {
					if i < len(vs.Values) {
						if literal, ok := vs.Values[i].(*ast.BasicLit); ok && literal.Kind == token.STRING {
							out[name.Name] = strings.Trim(literal.Value, "`\"")
						}
					}
				}
			}
		}
	}
	return out
}

// clients are the markers that the client generator reads, of the types that have any: package.Type -> markers.
// They say which types are resources, their scope, and their subresources.
func clients(packages []*pkg) map[string][]string {
	out := map[string][]string{}
	for _, p := range packages {
		structs(p, func(name string, body *ast.StructType, comments []string) {
			var markers []string
			for _, line := range comments {
				if strings.HasPrefix(line, "+genclient") || strings.HasPrefix(line, "+resourceName=") {
					markers = append(markers, strings.TrimPrefix(line, "+"))
				}
			}
			if len(markers) > 0 {
				for _, field := range body.Fields.List {
					if len(field.Names) == 1 && field.Names[0].Name == "Status" {
						markers = append(markers, "field=Status")
					}
				}
				out[p.path+"."+name] = markers
			}
		})
	}
	return out
}

// groups maps the packages that declare a GroupName to it.
func groups(packages []*pkg) map[string]string {
	out := map[string]string{}
	for _, p := range packages {
		if name, ok := stringConstants(p)["GroupName"]; ok {
			out[p.path] = name
		}
	}
	return out
}

// installs are the arguments of SetVersionPriority in the install packages: package -> version packages, in order.
func installs(packages []*pkg) map[string][]string {
	out := map[string][]string{}
	for _, p := range packages {
		if !strings.HasSuffix(p.path, "/install") {
			continue
		}
		for _, file := range p.files {
			known := imports(file)
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if selector, ok := call.Fun.(*ast.SelectorExpr); ok && selector.Sel.Name == "SetVersionPriority" {
					for _, argument := range call.Args {
						if version, ok := argument.(*ast.SelectorExpr); ok {
							if name, ok := version.X.(*ast.Ident); ok {
								out[p.path] = append(out[p.path], known[name.Name])
							}
						}
					}
				}
				return true
			})
		}
	}
	return out
}
