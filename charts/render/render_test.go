package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func draw(t *testing.T, arguments ...string) string {
	t.Helper()
	chosen, err := parse(arguments)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Render(chosen)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Golden files are written again with UPDATE_GOLDEN=1; a golden file without a case fails.
func TestGolden(t *testing.T) {
	cases := map[string][]string{
		"waf-operator-1.20":      {"waf", "../waf-operator", "-n", "waf-system", "--kube-version", "v1.20.2"},
		"waf-operator-1.31":      {"waf", "../waf-operator", "-n", "waf-system", "--kube-version", "v1.31.4"},
		"waf-operator-all":       {"waf", "../waf-operator", "-n", "waf-system", "--kube-version", "v1.31.4", "-f", "golden/all.values.yaml"},
		"waf-operator-notes":     {"waf", "../waf-operator", "-n", "waf-system", "--kube-version", "v1.20.2", "--notes"},
		"waf-inference-defaults": {"pool", "../waf-inference", "-n", "shop"},
		"waf-forward-auth":       {"shop-waf", "../waf-forward-auth", "-n", "shop", "--set", "policy=shop"},
	}
	for name, arguments := range cases {
		t.Run(name, func(t *testing.T) {
			actual := draw(t, arguments...)
			path := filepath.Join("golden", name+".out")
			if os.Getenv("UPDATE_GOLDEN") == "1" {
				if err := os.WriteFile(path, []byte(actual), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			expected, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(expected) != actual {
				t.Errorf("%s differs from what the chart gives; UPDATE_GOLDEN=1 writes it again. It gives:\n%s", path, actual)
			}
		})
	}
	found, _ := filepath.Glob("golden/*.out")
	for _, path := range found {
		if _, ok := cases[strings.TrimSuffix(filepath.Base(path), ".out")]; !ok {
			t.Errorf("%s belongs to no case", path)
		}
	}
}

func TestCrdsOfTheChartAreTheGeneratedOnes(t *testing.T) {
	generated, _ := filepath.Glob("../../crds/*.yaml")
	copied, _ := filepath.Glob("../waf-crds/files/*.yaml")
	if len(generated) != len(copied) {
		t.Fatalf("%d generated kinds, %d in the chart: run charts/sync-crds", len(generated), len(copied))
	}
	for _, path := range generated {
		expected, _ := os.ReadFile(path)
		actual, _ := os.ReadFile(filepath.Join("../waf-crds/files", filepath.Base(path)))
		if string(expected) != string(actual) {
			t.Errorf("%s is stale in the chart: run charts/sync-crds", path)
		}
	}
	if out := draw(t, "crds", "../waf-crds"); strings.Count(out, "kind: CustomResourceDefinition") < len(generated) {
		t.Errorf("the chart gives fewer kinds than there are")
	}
}

func TestMatchConditionsOnlyWhereServed(t *testing.T) {
	old := draw(t, "waf", "../waf-operator", "--kube-version", "v1.27.9")
	current := draw(t, "waf", "../waf-operator", "--kube-version", "v1.28.0")
	if strings.Contains(old, "matchConditions") || !strings.Contains(current, "matchConditions") {
		t.Error("matchConditions must be rendered from Kubernetes 1.28 on, and not before")
	}
	if !strings.Contains(old, "values: [enabled]") || strings.Contains(current, "values: [enabled]") {
		t.Error("without matchConditions only labelled namespaces may be served, with them all")
	}
}

func TestCelRulesOnlyWhereServed(t *testing.T) {
	old := draw(t, "crds", "../waf-crds", "--kube-version", "v1.24.17")
	current := draw(t, "crds", "../waf-crds", "--kube-version", "v1.25.0")
	if strings.Contains(old, "x-kubernetes-validations") || !strings.Contains(current, "x-kubernetes-validations") {
		t.Error("CEL rules must be rendered from Kubernetes 1.25 on, and not before")
	}
}

func TestReplicasOfOne_NoDisruptionBudget(t *testing.T) {
	if out := draw(t, "waf", "../waf-operator", "--set", "replicas=1"); strings.Contains(out, "PodDisruptionBudget") {
		t.Error("a budget over one replica would block every drain")
	}
}

func TestValuesOutsideTheSchema_Refused(t *testing.T) {
	for _, set := range []string{"replica=3", "replicas=-1", "webhooks.failurePolicy=fail", "images.pullPolicy=Sometimes"} {
		chosen, _ := parse([]string{"waf", "../waf-operator", "--set", set})
		if _, err := Render(chosen); err == nil || !strings.Contains(err.Error(), "schema") {
			t.Errorf("--set %s: expected the schema to refuse it, got %v", set, err)
		}
	}
}

func TestForwardAuth_NeedsAPolicy_AndIsClosedToOthers(t *testing.T) {
	for _, set := range []string{"policy=", "policy=Shop", "withoutPolicy=Sometimes", "metrics=all", "port=80", "networkPolicy.from=x"} {
		chosen, _ := parse([]string{"waf", "../waf-forward-auth", "--set", "policy=a", "--set", set})
		if _, err := Render(chosen); err == nil || !strings.Contains(err.Error(), "schema") {
			t.Errorf("--set %s: expected the schema to refuse it, got %v", set, err)
		}
	}
	out := draw(t, "waf", "../waf-forward-auth", "--set", "policy=a")
	if !strings.Contains(out, "kind: NetworkPolicy") || !strings.Contains(out, "kind: PodDisruptionBudget") {
		t.Error("by default nobody but the namespace reaches the port, and one replica stays")
	}
	one := draw(t, "waf", "../waf-forward-auth", "--set", "policy=a", "--set", "replicas=1")
	if strings.Contains(one, "PodDisruptionBudget") {
		t.Error("a budget over one replica would block every drain")
	}
}
