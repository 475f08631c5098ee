// source prints what only a release's Go sources say, without compiling them: `+default=` and client markers of the
// types, short names and categories from the registry, prefixes and versions that the storage factory overrides,
// hand-written defaulting and conversion functions with a hash of their bodies, and feature gates.
//
// Arguments: import-path=directory pairs, one for each module of the release.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
)

// pkg is one parsed package: its import path, and its files (tests left out).
type pkg struct {
	path  string
	dir   string
	files []*ast.File
	names []string // file names, alike
}

var fset = token.NewFileSet()

// load parses the packages below root whose import path passes want.
func load(module, root string, want func(importPath string) bool) []*pkg {
	var out []*pkg
	filepath.Walk(root, func(dir string, info os.FileInfo, err error) error {
		if err != nil || !info.IsDir() {
			return nil
		}
		if base := info.Name(); dir != root && (base == "testdata" || base == "vendor" || base == "staging" || base == "third_party" || strings.HasPrefix(base, ".")) {
			return filepath.SkipDir
		}
		relative, _ := filepath.Rel(root, dir)
		p := &pkg{path: path.Join(module, filepath.ToSlash(relative)), dir: dir}
		if !want(p.path) {
			return nil
		}
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			name := e.Name()
			if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				fmt.Fprintln(os.Stderr, "source:", err)
				os.Exit(1)
			}
			p.files, p.names = append(p.files, file), append(p.names, name)
		}
		if len(p.files) > 0 {
			out = append(out, p)
		}
		return nil
	})
	return out
}

// imports maps the names a file uses to import paths.
func imports(f *ast.File) map[string]string {
	out := map[string]string{}
	for _, spec := range f.Imports {
		importPath := strings.Trim(spec.Path.Value, `"`)
		name := path.Base(importPath)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		out[name] = importPath
	}
	return out
}

func main() {
	modules := map[string]string{}
	for _, argument := range os.Args[1:] {
		module, dir, ok := strings.Cut(argument, "=")
		if !ok {
			fmt.Fprintln(os.Stderr, "usage: source MODULE=DIRECTORY …")
			os.Exit(2)
		}
		modules[module] = dir
	}
	var order []string
	for module := range modules {
		order = append(order, module)
	}
	sort.Strings(order)
	var typed, registry, storing []*pkg
	for _, module := range order {
		typed = append(typed, load(module, modules[module], func(p string) bool { return holdsTypes(module, p) })...)
		storing = append(storing, load(module, modules[module], func(p string) bool { return beside[p] != nil })...)
		registry = append(registry, load(module, modules[module], func(p string) bool { return strings.HasPrefix(p, module+"/pkg/registry") })...)
	}
	kube := modules["k8s.io/kubernetes"]
	out := map[string]any{
		"defaults":  defaults(typed),
		"clients":   clients(typed),
		"groups":    groups(typed),
		"installs":  installs(typed),
		"resources": resources(registry),
		"storage":   storageOverrides(kube),
		"functions": append(functions(typed), besides(storing)...),
		"gates":     gates(typed, kube, modules["k8s.io/apiserver"]),
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// holdsTypes says whether a package of a module may hold API types or their defaulting and conversion.
func holdsTypes(module, importPath string) bool {
	switch {
	case module == "k8s.io/api":
		return true
	case module == "k8s.io/apiserver", strings.Contains(importPath, "/testapigroup"):
		return false // configuration files, examples
	}
	return strings.HasPrefix(importPath, module+"/pkg/apis/")
}
