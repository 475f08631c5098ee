// etcdctl 3.4, as an ordinary build of its module.
package main

import "go.etcd.io/etcd/etcdctl/ctlv3"

func main() {
	ctlv3.Start()
}
