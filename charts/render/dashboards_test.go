package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

const prometheusProgram = "/usr/bin/prometheus"

type dashboard struct {
	Uid    string
	Title  string
	Panels []struct {
		Title   string
		Targets []struct{ Expr string }
	}
}

// Values of labels that queries choose by; any other label has a value of its own name.
var labelValues = map[string][]string{
	"verdict": {"Allow", "Block"},
	"reason":  {"Rules", "Model", "RateLimit"},
	"phase":   {"Verifying", "Shadow", "Canary", "Promoted", "RolledBack", "Failed"},
	"why":     {"Limit", "ModelBudget"},
	"webhook": {"pods", "resources"},
	"outcome": {"added", "refused", "allowed"},
}

// Dashboards come out of the chart as ConfigMaps, whole and only when wanted.
func TestDashboardsAreConfigMaps(t *testing.T) {
	files, _ := filepath.Glob("../waf-operator/dashboards/*.json")
	if out := draw(t, "waf", "../waf-operator"); strings.Contains(out, "waf-dashboard-") {
		t.Error("dashboards are given without metrics.dashboards.enabled")
	}
	out := draw(t, "waf", "../waf-operator", "--set", "metrics.dashboards.enabled=true")
	found := map[string]string{}
	for _, document := range strings.Split(out, "\n---\n") {
		var object struct {
			Kind     string
			Metadata struct {
				Name   string
				Labels map[string]string
			}
			Data map[string]string
		}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatal(err)
		}
		if object.Kind == "ConfigMap" && object.Metadata.Labels["grafana_dashboard"] == "1" {
			for key, content := range object.Data {
				found[strings.TrimPrefix(key, "waf-")] = content
			}
		}
	}
	if len(found) != len(files) || len(files) < 6 {
		t.Errorf("%d dashboards in the folder, %d from the chart", len(files), len(found))
	}
	uids := map[string]bool{}
	for _, path := range files {
		content, _ := os.ReadFile(path)
		if strings.TrimSpace(found[filepath.Base(path)]) != strings.TrimSpace(string(content)) {
			t.Errorf("%s is not what the chart gives", path)
		}
		read := readDashboard(t, path)
		if uids[read.Uid] || read.Uid == "" || read.Title == "" || len(read.Panels) == 0 {
			t.Errorf("%s needs a uid of its own, a title and panels", path)
		}
		uids[read.Uid] = true
	}
}

// Every query of every dashboard and alert is run by a real Prometheus that scraped every metric of the product, by
// the names, labels and types that the sources declare. A dashboard's answers with numbers; an alert's is a query.
func TestEveryQueryRunsOnPrometheus(t *testing.T) {
	if _, err := os.Stat(prometheusProgram); err != nil {
		t.Skip("needs " + prometheusProgram)
	}
	series := httptest.NewServer(&metricsPage{families: declaredMetrics(t), began: time.Now()})
	defer series.Close()
	address := startPrometheus(t, strings.TrimPrefix(series.URL, "http://"))
	queries := map[string]string{}
	files, _ := filepath.Glob("../waf-operator/dashboards/*.json")
	for _, path := range files {
		for _, panel := range readDashboard(t, path).Panels {
			for _, target := range panel.Targets {
				queries[target.Expr] = filepath.Base(path) + ": " + panel.Title
			}
		}
	}
	deadline := time.Now().Add(2 * time.Minute)
	for len(queries) > 0 {
		for expression, where := range queries {
			problem := runQuery(address, strings.ReplaceAll(expression, "$__rate_interval", "1m"), true)
			if problem == "" {
				delete(queries, expression)
			} else if time.Now().After(deadline) {
				t.Fatalf("%s: %s\n%s", where, problem, expression)
			}
		}
		time.Sleep(500 * time.Millisecond)
	}
	for _, expression := range alertExpressions(t) {
		if problem := runQuery(address, expression, false); problem != "" {
			t.Errorf("%s\n%s", problem, expression)
		}
	}
}

func readDashboard(t *testing.T, path string) dashboard {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var read dashboard
	if err := json.Unmarshal(content, &read); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return read
}

func alertExpressions(t *testing.T) []string {
	t.Helper()
	out := draw(t, "waf", "../waf-operator", "--set", "metrics.alerts.enabled=true", "--set", "console.enabled=true")
	var found []string
	for _, document := range strings.Split(out, "\n---\n") {
		var object struct {
			Kind string
			Spec struct {
				Groups []struct{ Rules []struct{ Expr string } }
			}
		}
		if yaml.Unmarshal([]byte(document), &object) == nil && object.Kind == "PrometheusRule" {
			for _, group := range object.Spec.Groups {
				for _, rule := range group.Rules {
					found = append(found, rule.Expr)
				}
			}
		}
	}
	if len(found) == 0 {
		t.Error("the chart gives no alerts")
	}
	return found
}

// runQuery says what is wrong with a query: an error, no series, or none with a number.
func runQuery(address, expression string, wantsNumbers bool) string {
	answer, err := http.Get(address + "/api/v1/query?query=" + url.QueryEscape(expression))
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	var read struct {
		Status, Error string
		Data          struct{ Result []struct{ Value [2]interface{} } }
	}
	if err := json.NewDecoder(answer.Body).Decode(&read); err != nil {
		return err.Error()
	}
	if read.Status != "success" {
		return "it is refused: " + read.Error
	}
	for _, series := range read.Data.Result {
		if value, ok := series.Value[1].(string); ok && value != "NaN" && !strings.HasSuffix(value, "Inf") {
			return ""
		}
	}
	if wantsNumbers {
		return fmt.Sprintf("%d series, none with a number", len(read.Data.Result))
	}
	return ""
}

func startPrometheus(t *testing.T, target string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	folder := t.TempDir()
	configuration := "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: waf\n  static_configs: [{targets: ['" +
		target + "']}]\n"
	if err := os.WriteFile(filepath.Join(folder, "prometheus.yml"), []byte(configuration), 0o644); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		t.Fatal(err)
	}
	program := exec.Command(prometheusProgram, "--config.file="+filepath.Join(folder, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+address)
	program.Stdout, program.Stderr = log, log
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = program.Process.Kill()
		_ = program.Wait()
		log.Close()
	})
	deadline := time.Now().Add(time.Minute)
	for {
		if answer, err := http.Get("http://" + address + "/-/ready"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return "http://" + address
			}
		}
		if time.Now().After(deadline) {
			content, _ := os.ReadFile(log.Name())
			t.Fatalf("Prometheus does not get ready:\n%s", content)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

type family struct {
	kind, name string
	labels     []string
}

// declaredMetrics reads the list that a test of the sources keeps equal to them.
func declaredMetrics(t *testing.T) []family {
	t.Helper()
	content, err := os.ReadFile("../../tests/Architecture.Tests/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^\S+ (\S+) (\S+)\{(.*)\}$`)
	var found []family
	for _, match := range line.FindAllStringSubmatch(string(content), -1) {
		var labels []string
		if match[3] != "" {
			labels = strings.Split(match[3], ",")
		}
		found = append(found, family{match[1], match[2], labels})
	}
	if len(found) < 50 {
		t.Fatalf("only %d metrics are declared", len(found))
	}
	return found
}

// metricsPage shows every metric with all combinations of its labels' values; counters grow from scrape to scrape.
type metricsPage struct {
	families []family
	began    time.Time
	lock     sync.Mutex
	scrapes  int
}

func (p *metricsPage) ServeHTTP(answer http.ResponseWriter, _ *http.Request) {
	p.lock.Lock()
	p.scrapes++
	scrapes := p.scrapes
	p.lock.Unlock()
	for _, family := range p.families {
		fmt.Fprintf(answer, "# TYPE %s %s\n", family.name, family.kind)
		for _, labels := range combinations(family.labels) {
			p.write(answer, family, labels, scrapes)
		}
	}
}

func (p *metricsPage) write(answer io.Writer, family family, labels []string, scrapes int) {
	switch {
	case family.kind == "histogram":
		for i, bound := range []string{"0.01", "0.1", "1", "10", "+Inf"} {
			fmt.Fprintf(answer, "%s_bucket{%s} %d\n", family.name,
				strings.Join(append(labels[:len(labels):len(labels)], `le="`+bound+`"`), ","), (i+1)*scrapes)
		}
		fmt.Fprintf(answer, "%s_sum{%s} %d\n", family.name, strings.Join(labels, ","), scrapes)
		fmt.Fprintf(answer, "%s_count{%s} %d\n", family.name, strings.Join(labels, ","), 5*scrapes)
	case family.kind == "counter":
		fmt.Fprintf(answer, "%s{%s} %d\n", family.name, strings.Join(labels, ","), 3*scrapes)
	case strings.HasSuffix(family.name, "_timestamp_seconds"):
		fmt.Fprintf(answer, "%s{%s} %d\n", family.name, strings.Join(labels, ","), p.began.Unix()-60)
	default:
		fmt.Fprintf(answer, "%s{%s} 1\n", family.name, strings.Join(labels, ","))
	}
}

func combinations(labels []string) [][]string {
	all := [][]string{nil}
	for _, label := range labels {
		values, ok := labelValues[label]
		if !ok {
			values = []string{"some-" + label}
		}
		var next [][]string
		for _, one := range all {
			for _, value := range values {
				next = append(next, append(one[:len(one):len(one)], fmt.Sprintf("%s=%q", label, value)))
			}
		}
		all = next
	}
	return all
}
