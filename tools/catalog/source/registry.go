package main

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
)

// Resource is what the registry code of one package says of a resource.
type Resource struct {
	Package    string   `json:"package"` // the internal package that names it
	Resource   string   `json:"resource"`
	Singular   string   `json:"singular,omitempty"`
	ShortNames []string `json:"shortNames,omitempty"`
	Categories []string `json:"categories,omitempty"`
}

// resources reads each registry package that builds a store: DefaultQualifiedResource and SingularQualifiedResource
// of the store, and the string literals that its ShortNames and Categories methods return.
func resources(packages []*pkg) []Resource {
	var out []Resource
	for _, p := range packages {
		for _, file := range p.files {
			known := imports(file)
			found := map[string]*Resource{}
			var order []string
			var short, categories []string
			variables := map[string]ast.Expr{}
			ast.Inspect(file, func(n ast.Node) bool {
				switch node := n.(type) {
				case *ast.AssignStmt: // resource := api.Resource("events")
					if name, ok := node.Lhs[0].(*ast.Ident); ok && len(node.Lhs) == 1 && len(node.Rhs) == 1 {
						variables[name.Name] = node.Rhs[0]
					}
				case *ast.ValueSpec: // var groupResource = api.Resource("events")
					if len(node.Names) == 1 && len(node.Values) == 1 {
						variables[node.Names[0].Name] = node.Values[0]
					}
				case *ast.KeyValueExpr:
					key, ok := node.Key.(*ast.Ident)
					if !ok || key.Name != "DefaultQualifiedResource" && key.Name != "SingularQualifiedResource" {
						return true
					}
					value := node.Value
					if variable, ok := value.(*ast.Ident); ok && variables[variable.Name] != nil {
						value = variables[variable.Name]
					}
					owner, name, ok := qualified(value, known, p.path)
					if !ok {
						return true
					}
					if key.Name == "DefaultQualifiedResource" {
						found[name] = &Resource{Package: owner, Resource: name}
						order = append(order, name)
					} else if len(order) > 0 {
						found[order[len(order)-1]].Singular = name
					}
				case *ast.FuncDecl:
					if node.Recv != nil && node.Name.Name == "ShortNames" {
						short = append(short, returned(node)...)
					}
					if node.Recv != nil && node.Name.Name == "Categories" {
						categories = append(categories, returned(node)...)
					}
				}
				return true
			})
			if len(order) == 0 {
				continue
			}
			// a package with two stores names its own resource first; the names are that one's
			found[order[0]].ShortNames, found[order[0]].Categories = short, categories
			for _, name := range order {
				out = append(out, *found[name])
			}
		}
	}
	return out
}

// qualified reads `api.Resource("pods")`.
func qualified(e ast.Expr, known map[string]string, self string) (owner, name string, ok bool) {
	call, isCall := e.(*ast.CallExpr)
	if !isCall || len(call.Args) != 1 {
		return "", "", false
	}
	literal, isLiteral := call.Args[0].(*ast.BasicLit)
	if !isLiteral {
		return "", "", false
	}
	name, _ = strconv.Unquote(literal.Value)
	switch function := call.Fun.(type) {
	case *ast.SelectorExpr:
		if x, ok := function.X.(*ast.Ident); ok && function.Sel.Name == "Resource" {
			return known[x.Name], name, true
		}
	case *ast.Ident:
		return self, name, function.Name == "Resource"
	}
	return "", "", false
}

func returned(function *ast.FuncDecl) []string {
	var out []string
	ast.Inspect(function, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			text, _ := strconv.Unquote(literal.Value)
			out = append(out, text)
		}
		return true
	})
	return out
}

// StorageOverrides is what pkg/kubeapiserver/default_storage_factory_builder.go says besides "the group's first
// version, below the resource's own name": prefixes, versions, and resources that share one place.
type StorageOverrides struct {
	Prefixes  [][3]string `json:"prefixes"`  // group, resource, prefix
	Versions  [][3]string `json:"versions"`  // package, resource, version
	Cohabited [][]string  `json:"cohabited"` // package, resource, package, resource
	Servers   []string    `json:"servers"`   // version packages that the servers beside kube's (CRDs, APIServices) write
}

func storageOverrides(kube string) StorageOverrides {
	out := StorageOverrides{Prefixes: [][3]string{}, Versions: [][3]string{}, Cohabited: [][]string{}, Servers: []string{}}
	if kube == "" {
		return out
	}
	for _, p := range load("k8s.io/kubernetes/pkg/kubeapiserver", filepath.Join(kube, "pkg", "kubeapiserver"), func(s string) bool {
		return s == "k8s.io/kubernetes/pkg/kubeapiserver"
	}) {
		for _, file := range p.files {
			known := imports(file)
			ast.Inspect(file, func(n ast.Node) bool {
				switch node := n.(type) {
				case *ast.KeyValueExpr:
					// {Group: "", Resource: "nodes"}: "minions"
					if literal, ok := node.Value.(*ast.BasicLit); ok {
						if key, ok := node.Key.(*ast.CompositeLit); ok {
							group, resource := groupResource(key)
							if prefix, err := strconv.Unquote(literal.Value); err == nil && resource != "" {
								out.Prefixes = append(out.Prefixes, [3]string{group, resource, prefix})
							}
						}
					}
				case *ast.CallExpr:
					selector, ok := node.Fun.(*ast.SelectorExpr)
					if !ok {
						return true
					}
					switch selector.Sel.Name {
					case "WithVersion":
						if owner, resource, ok := qualified(selector.X, known, p.path); ok {
							if literal, ok := node.Args[0].(*ast.BasicLit); ok {
								version, _ := strconv.Unquote(literal.Value)
								out.Versions = append(out.Versions, [3]string{owner, resource, version})
							}
						}
					case "AddCohabitatingResources":
						var row []string
						for _, argument := range node.Args {
							owner, resource, _ := qualified(argument, known, p.path)
							row = append(row, owner, resource)
						}
						out.Cohabited = append(out.Cohabited, row)
					}
				}
				return true
			})
		}
	}
	for _, dir := range []string{"cmd/kube-apiserver/app", "pkg/controlplane/apiserver"} {
		for _, p := range load(dir, filepath.Join(kube, filepath.FromSlash(dir)), func(s string) bool { return s == dir }) {
			for i, file := range p.files {
				if p.names[i] == "apiextensions.go" || p.names[i] == "aggregator.go" {
					out.Servers = append(out.Servers, legacyCodecs(file)...)
				}
			}
		}
	}
	return out
}

// legacyCodecs are the packages of the first version of each `Codecs.LegacyCodec(v1.SchemeGroupVersion, …)`.
func legacyCodecs(file *ast.File) []string {
	var out []string
	known := imports(file)
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		function, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || function.Sel.Name != "LegacyCodec" {
			return true
		}
		if version, ok := call.Args[0].(*ast.SelectorExpr); ok {
			if name, ok := version.X.(*ast.Ident); ok {
				out = append(out, known[name.Name])
			}
		}
		return true
	})
	return out
}

func groupResource(literal *ast.CompositeLit) (group, resource string) {
	for _, element := range literal.Elts {
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok {
			return "", ""
		}
		value, ok := pair.Value.(*ast.BasicLit)
		if !ok {
			return "", ""
		}
		text := strings.Trim(value.Value, `"`)
		switch pair.Key.(*ast.Ident).Name {
		case "Group":
			group = text
		case "Resource":
			resource = text
		}
	}
	return group, resource
}
