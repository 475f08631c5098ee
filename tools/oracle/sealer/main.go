// sealer asks the apiserver's own code to seal and open values at rest.
//
// Usage: sealer CONFIG. One JSON request a line on standard input, one answer a line on standard output:
//
//	{"do":"seal|open","group":"apps","resource":"deployments","key":"/registry/…","value":"<base64>"}
//	{"value":"<base64>","stale":false}   or   {"error":"…"}
//
// The first line out says whether the configuration was accepted: {} or {"error":"…"}.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"os"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/storage/value"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/klog/v2"
)

type request struct {
	Do, Group, Resource, Key string
	Value                    []byte
}

type answer struct {
	Value []byte `json:"value,omitempty"`
	Stale bool   `json:"stale,omitempty"`
	Error string `json:"error,omitempty"`
}

func main() {
	klog.InitFlags(nil)
	_ = flag.Set("logtostderr", "false")
	_ = flag.Set("stderrthreshold", "FATAL")
	flag.Parse()
	if err := utilfeature.DefaultMutableFeatureGate.Set("KMSv1=true"); err != nil {
		panic(err)
	}
	out := json.NewEncoder(os.Stdout)
	config, err := encryptionconfig.LoadEncryptionConfig(context.Background(), flag.Arg(0), false, "sealer")
	if err != nil {
		_ = out.Encode(answer{Error: err.Error()})
		return
	}
	_ = out.Encode(answer{})
	transformers := encryptionconfig.StaticTransformers(config.Transformers)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		_ = out.Encode(handle(transformers, in.Bytes()))
	}
}

func handle(transformers value.ResourceTransformers, line []byte) answer {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return answer{Error: err.Error()}
	}
	transformer := transformers.TransformerForResource(schema.GroupResource{Group: r.Group, Resource: r.Resource})
	var a answer
	var err error
	if r.Do == "seal" {
		a.Value, err = transformer.TransformToStorage(context.Background(), r.Value, value.DefaultContext(r.Key))
	} else {
		a.Value, a.Stale, err = transformer.TransformFromStorage(context.Background(), r.Value, value.DefaultContext(r.Key))
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return a
}
