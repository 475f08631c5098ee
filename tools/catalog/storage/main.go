// storage asks a release's own storage factory where each resource of the kube scheme lies below /registry, and in
// which version an object of it is written. In: one "group resource kind" a line ("-" for the core group). Out: JSON.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	serveroptions "k8s.io/apiserver/pkg/server/options"
	serverstorage "k8s.io/apiserver/pkg/server/storage"
	"k8s.io/apiserver/pkg/storage/storagebackend"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/kubeapiserver"
)

type answer struct {
	Group     string `json:"group"`
	Resource  string `json:"resource"`
	KeyPrefix string `json:"keyPrefix"`
	Version   string `json:"version"` // group/version
	Kind      string `json:"kind"`
}

func main() {
	config := kubeapiserver.NewStorageFactoryConfig()
	config.APIResourceConfig = serverstorage.NewResourceConfig()
	config.APIResourceConfig.EnableVersions(legacyscheme.Scheme.PrioritizedVersionsAllGroups()...)
	factory, err := config.Complete(serveroptions.NewEtcdOptions(storagebackend.NewDefaultConfig("/registry", nil))).New()
	if err != nil {
		fail(err)
	}
	out := []answer{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		gr := schema.GroupResource{Group: strings.TrimPrefix(words[0], "-"), Resource: words[1]}
		version, kind, err := writes(factory, gr, words[2])
		if err != nil {
			fail(fmt.Errorf("%s: %w", gr, err))
		}
		out = append(out, answer{Group: gr.Group, Resource: gr.Resource, KeyPrefix: factory.ResourcePrefix(gr), Version: version, Kind: kind})
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		fail(err)
	}
}

// writes encodes an empty object as the resource's storage would, and reads what it calls itself.
func writes(factory *serverstorage.DefaultStorageFactory, gr schema.GroupResource, kind string) (string, string, error) {
	example, err := legacyscheme.Scheme.New(schema.GroupVersionKind{Group: gr.Group, Version: runtime.APIVersionInternal, Kind: kind})
	if err != nil {
		return "", "", err
	}
	config, err := newConfig(factory, gr, example)
	if err != nil {
		return "", "", err
	}
	data, err := runtime.Encode(config.Codec, example)
	if err != nil {
		return "", "", err
	}
	var written struct{ APIVersion, Kind string }
	err = json.Unmarshal(data, &written)
	return written.APIVersion, written.Kind, err
}

// newConfig calls the factory: since emulated versions exist it looks at an example object, too.
func newConfig(factory any, gr schema.GroupResource, example runtime.Object) (*storagebackend.ConfigForResource, error) {
	switch f := factory.(type) {
	case interface {
		NewConfig(schema.GroupResource, runtime.Object) (*storagebackend.ConfigForResource, error)
	}:
		return f.NewConfig(gr, example)
	case interface {
		NewConfig(schema.GroupResource) (*storagebackend.ConfigForResource, error)
	}:
		return f.NewConfig(gr)
	}
	return nil, fmt.Errorf("%T: no NewConfig as this tool knows it", factory)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
