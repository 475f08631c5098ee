// storage asks a release's own storage factory where each resource of the kube scheme lies below /registry, and in
// which version it is stored. In: one "group resource" a line ("-" for the core group). Out: JSON.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	serverstorage "k8s.io/apiserver/pkg/server/storage"
	"k8s.io/kubernetes/pkg/kubeapiserver"
)

type answer struct {
	Group, Resource string
	KeyPrefix       string
	Storage         string // group/version
}

func main() {
	config := kubeapiserver.NewStorageFactoryConfig()
	config.APIResourceConfig = serverstorage.NewResourceConfig()
	factory, err := config.Complete(newEtcdOptions()).New()
	if err != nil {
		fail(err)
	}
	var out []answer
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		group, resource, _ := strings.Cut(lines.Text(), " ")
		if group == "-" {
			group = ""
		}
		gr := schema.GroupResource{Group: group, Resource: resource}
		// the factory's config is what the apiserver builds its storage from; its encoder goes to this version
		storage, err := factory.NewConfig(gr)
		if err != nil {
			fail(fmt.Errorf("%s: %w", gr, err))
		}
		_ = storage
		out = append(out, answer{Group: group, Resource: resource, KeyPrefix: factory.ResourcePrefix(gr)})
	}
	if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
