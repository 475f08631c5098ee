// etcd 3.4, as an ordinary build of its module.
package main

import "go.etcd.io/etcd/etcdmain"

func main() {
	etcdmain.Main()
}
