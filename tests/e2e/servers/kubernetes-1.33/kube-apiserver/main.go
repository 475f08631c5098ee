// kube-apiserver of the release that this module requires. Its own main package is not importable, so its command is
// run here; with time zones linked in, because a CronJob may name one and the machine may have none.
package main

import (
	"os"
	_ "time/tzdata"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	os.Exit(cli.Run(app.NewAPIServerCommand()))
}
