// Command trivy-kubernetes runs Trivy's scanner for Kubernetes manifests and prints one finding per line, as JSON.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aquasecurity/trivy/pkg/iac/rego"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/kubernetes"
)

type finding struct {
	ID       string `json:"id"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
	File     string `json:"file"`
	Message  string `json:"message"`
}

func main() {
	scanner := kubernetes.NewScanner(rego.WithEmbeddedPolicies(true), rego.WithEmbeddedLibraries(true))
	results, err := scanner.ScanFS(context.Background(), os.DirFS(os.Args[1]), ".")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if len(results) == 0 {
		fmt.Fprintln(os.Stderr, "no check ran")
		os.Exit(2)
	}
	out := json.NewEncoder(os.Stdout)
	for _, result := range results.GetFailed() {
		rule := result.Rule()
		file := result.Metadata().Range().GetFilename()
		if err := out.Encode(finding{rule.ID, string(rule.Severity), rule.Summary, file, result.Description()}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
}
