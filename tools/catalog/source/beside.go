package main

import (
	"go/ast"
	"strings"
)

// beside names, by package, the functions in which a server does to stored objects what its scheme does not, as far as
// kstore follows them: kstore.scheme.running_server, managed_fields and scheme/groups/*/storage.py. A package is named
// without the module k8s.io/kubernetes; a method by its name alone.
var beside = map[string][]string{
	"k8s.io/kubernetes/pkg/registry/admissionregistration/mutatingwebhookconfiguration":   {"PrepareForUpdate"},
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingwebhookconfiguration": {"PrepareForUpdate"},
	"k8s.io/kubernetes/pkg/registry/core/service/storage": {
		"defaultOnReadService", "defaultOnReadInternalTrafficPolicy", "defaultOnReadIPFamilies", "initIPFamilyFields",
		"shouldAllocateNodePorts", "updateNodePorts",
	},
	"k8s.io/kubernetes/pkg/registry/core/service":                     {"dropTypeDependentFields"},
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount":              {"cleanSecretReferences"},
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy":         {"PrepareForUpdate"},
	"k8s.io/kubernetes/pkg/registry/core/namespace/storage":           {"ShouldDeleteNamespaceDuringUpdate"},
	"k8s.io/kubernetes/pkg/api/persistentvolumeclaim":                 {"NormalizeDataSources"},
	"k8s.io/kubernetes/pkg/api/pod":                                   {"DropInitContainerAnnotations"},
	"k8s.io/kubernetes/plugin/pkg/admission/defaulttolerationseconds": {"Admit"},
	"k8s.io/apiserver/pkg/registry/generic/registry":                  {"ShouldDeleteDuringUpdate"},
	"k8s.io/apiserver/pkg/storage":                                    {"PrepareObjectForStorage"},
	"k8s.io/apiserver/pkg/endpoints/handlers":                         {"dedupOwnerReferences"},
	"k8s.io/apiserver/pkg/server/storage":                             {"emulatedStorageVersion"},
	"k8s.io/apimachinery/pkg/util/managedfields/internal":             {"DecodeManagedFields", "sortEncodedManagedFields"},
}

// besides lists these functions.
func besides(packages []*pkg) []Function {
	out := []Function{}
	for _, p := range packages {
		wanted := map[string]bool{}
		for _, name := range beside[p.path] {
			wanted[name] = true
		}
		for i, file := range p.files {
			for _, declaration := range file.Decls {
				function, ok := declaration.(*ast.FuncDecl)
				if ok && function.Body != nil && wanted[function.Name.Name] && !strings.HasPrefix(p.names[i], "zz_generated") {
					out = append(out, Function{Package: p.path, File: p.names[i], Name: function.Name.Name, Hash: hash(function),
						Lines: fset.Position(function.Body.End()).Line - fset.Position(function.Body.Pos()).Line + 1})
				}
			}
		}
	}
	return out
}
