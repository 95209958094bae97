// Command flux-build prints what Flux's kustomize-controller builds from a folder, with Flux's own code: it writes a
// kustomization.yaml if there is none, and builds it.
package main

import (
	"fmt"
	"os"

	"github.com/fluxcd/pkg/kustomize"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run(root string) error {
	spec := unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kustomize.toolkit.fluxcd.io/v1",
		"kind":       "Kustomization",
		"metadata":   map[string]any{"name": "site", "namespace": "flux-system"},
		"spec":       map[string]any{"path": "./", "prune": true},
	}}
	action, err := kustomize.NewGenerator(root, spec).WriteFile(root)
	if err != nil {
		return err
	}
	defer func() { _ = kustomize.CleanDirectory(root, action) }()
	built, err := kustomize.SecureBuild(root, root, false)
	if err != nil {
		return err
	}
	text, err := built.AsYaml()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
