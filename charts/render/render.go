// render draws a chart the way `helm template` does, for machines where helm cannot be had: the same template functions
// (sprig), values with their schema, capabilities, and manifests in the order in which they can be applied.
//
//	render RELEASE CHART [-n NAMESPACE] [-f VALUES]... [--set KEY=VALUE]... [--kube-version V] [--api-versions V]... [--notes]
//
// What our charts do not use is not there: subcharts, hooks, library charts, lookup against a cluster.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"github.com/xeipuuv/gojsonschema"
	"sigs.k8s.io/yaml"
)

type options struct {
	release, chart, namespace, kubeVersion string
	apiVersions                            versions
	values, sets                           []string
	notes                                  bool
}

// versions answers .Capabilities.APIVersions.Has.
type versions []string

func (v versions) Has(name string) bool {
	for _, served := range v {
		if served == name {
			return true
		}
	}
	return false
}

// files answers .Files.Get and .Files.Glob for what lies in the chart's folder outside of templates.
type files map[string]string

func (f files) Get(name string) string { return f[name] }

func (f files) Glob(pattern string) map[string]string {
	found := map[string]string{}
	for name, content := range f {
		if ok, _ := filepath.Match(pattern, name); ok {
			found[name] = content
		}
	}
	return found
}

func main() {
	chosen, err := parse(os.Args[1:])
	if err == nil {
		var out string
		if out, err = Render(chosen); err == nil {
			fmt.Print(out)
			return
		}
	}
	fmt.Fprintln(os.Stderr, "render:", err)
	os.Exit(1)
}

func parse(arguments []string) (options, error) {
	chosen := options{namespace: "default", kubeVersion: "v1.30.0"}
	var names []string
	for i := 0; i < len(arguments); i++ {
		name, value, given := strings.Cut(arguments[i], "=")
		next := func() string {
			if given && name != "--set" {
				return value
			}
			i++
			if i < len(arguments) {
				return arguments[i]
			}
			return ""
		}
		switch name {
		case "-n", "--namespace":
			chosen.namespace = next()
		case "-f", "--values":
			chosen.values = append(chosen.values, next())
		case "--set":
			chosen.sets = append(chosen.sets, next())
		case "--kube-version":
			chosen.kubeVersion = next()
		case "--api-versions":
			chosen.apiVersions = append(chosen.apiVersions, strings.Split(next(), ",")...)
		case "--notes":
			chosen.notes = true
		default:
			if strings.HasPrefix(name, "-") {
				return chosen, fmt.Errorf("unknown option %s", name)
			}
			names = append(names, arguments[i])
		}
	}
	if len(names) != 2 {
		return chosen, fmt.Errorf("give a release name and a chart folder")
	}
	chosen.release, chosen.chart = names[0], names[1]
	return chosen, nil
}

// Render draws all templates of a chart; with notes, its NOTES.txt instead.
func Render(chosen options) (string, error) {
	chart, err := readYAML(filepath.Join(chosen.chart, "Chart.yaml"))
	if err != nil {
		return "", err
	}
	values, err := mergedValues(chosen)
	if err != nil {
		return "", err
	}
	if err := checkSchema(filepath.Join(chosen.chart, "values.schema.json"), values); err != nil {
		return "", err
	}
	attached, templates, err := readChart(chosen.chart)
	if err != nil {
		return "", err
	}
	data := map[string]interface{}{
		"Values": values,
		"Chart":  capitalised(chart),
		"Files":  attached,
		"Release": map[string]interface{}{
			"Name": chosen.release, "Namespace": chosen.namespace, "Service": "Helm", "IsInstall": true, "IsUpgrade": false, "Revision": 1,
		},
		"Capabilities": map[string]interface{}{
			"KubeVersion": map[string]interface{}{"Version": chosen.kubeVersion, "GitVersion": chosen.kubeVersion},
			"APIVersions": chosen.apiVersions,
		},
	}
	return execute(templates, data, chosen.notes)
}

func readYAML(path string) (map[string]interface{}, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	result := map[string]interface{}{}
	if err := yaml.Unmarshal(content, &result); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return result, nil
}

func mergedValues(chosen options) (map[string]interface{}, error) {
	values, err := readYAML(filepath.Join(chosen.chart, "values.yaml"))
	if err != nil {
		return nil, err
	}
	for _, path := range chosen.values {
		more, err := readYAML(path)
		if err != nil {
			return nil, err
		}
		overlay(values, more)
	}
	for _, pair := range chosen.sets {
		key, text, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("--set %s: give KEY=VALUE", pair)
		}
		var value interface{}
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			return nil, fmt.Errorf("--set %s: %w", pair, err)
		}
		parts := strings.Split(key, ".")
		for i := len(parts) - 1; i > 0; i-- {
			value = map[string]interface{}{parts[i]: value}
		}
		overlay(values, map[string]interface{}{parts[0]: value})
	}
	return values, nil
}

// overlay writes more over values; maps are joined, a null removes, anything else replaces.
func overlay(values, more map[string]interface{}) {
	for key, value := range more {
		inner, isMap := value.(map[string]interface{})
		old, wasMap := values[key].(map[string]interface{})
		switch {
		case value == nil:
			delete(values, key)
		case isMap && wasMap:
			overlay(old, inner)
		default:
			values[key] = value
		}
	}
}

func checkSchema(path string, values map[string]interface{}) error {
	schema, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(schema), gojsonschema.NewGoLoader(values))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var problems []string
	for _, problem := range result.Errors() {
		problems = append(problems, "- "+problem.String())
	}
	if len(problems) > 0 {
		return fmt.Errorf("values do not meet the chart's schema:\n%s", strings.Join(problems, "\n"))
	}
	return nil
}

func readChart(folder string) (files, map[string]string, error) {
	attached, templates := files{}, map[string]string{}
	err := filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		if strings.HasPrefix(name, "templates/") {
			templates[name] = string(content)
		} else if name != "Chart.yaml" && name != "values.yaml" {
			attached[name] = string(content)
		}
		return nil
	})
	return attached, templates, err
}

func capitalised(chart map[string]interface{}) map[string]interface{} {
	result := map[string]interface{}{}
	for key, value := range chart {
		result[strings.ToUpper(key[:1])+key[1:]] = value
	}
	return result
}

func functions(root *template.Template) template.FuncMap {
	result := sprig.TxtFuncMap()
	for _, unsafe := range []string{"env", "expandenv"} {
		delete(result, unsafe)
	}
	result["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := root.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	result["toYaml"] = func(value interface{}) (string, error) {
		out, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(out), "\n"), err
	}
	result["fromYaml"] = func(text string) (map[string]interface{}, error) {
		out := map[string]interface{}{}
		err := yaml.Unmarshal([]byte(text), &out)
		return out, err
	}
	result["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", message)
		}
		return value, nil
	}
	result["lookup"] = func(...string) map[string]interface{} { return map[string]interface{}{} }
	return result
}

func execute(templates map[string]string, data map[string]interface{}, notes bool) (string, error) {
	root := template.New("chart").Option("missingkey=zero")
	root.Funcs(functions(root))
	var names []string
	for name, text := range templates {
		if _, err := root.New(name).Parse(text); err != nil {
			return "", err
		}
		names = append(names, name)
	}
	sort.Strings(names)
	var manifests []manifest
	for _, name := range names {
		isNotes := strings.HasSuffix(name, "NOTES.txt")
		if strings.HasPrefix(filepath.Base(name), "_") || isNotes != notes {
			continue
		}
		var out bytes.Buffer
		if err := root.ExecuteTemplate(&out, name, data); err != nil {
			return "", err
		}
		if isNotes {
			return out.String(), nil
		}
		more, err := split(name, strings.ReplaceAll(out.String(), "<no value>", ""))
		if err != nil {
			return "", err
		}
		manifests = append(manifests, more...)
	}
	sort.SliceStable(manifests, func(i, j int) bool { return manifests[i].order() < manifests[j].order() })
	var out strings.Builder
	for _, one := range manifests {
		fmt.Fprintf(&out, "---\n# Source: %s\n%s\n", one.source, one.text)
	}
	return out.String(), nil
}

type manifest struct{ source, kind, text string }

// What others refer to comes first.
var applyOrder = []string{"Namespace", "ServiceAccount", "Secret", "ConfigMap", "CustomResourceDefinition", "ClusterRole",
	"ClusterRoleBinding", "Role", "RoleBinding", "Service", "Deployment"}

func (m manifest) order() int {
	for i, kind := range applyOrder {
		if kind == m.kind {
			return i
		}
	}
	return len(applyOrder)
}

var separator = regexp.MustCompile(`(?m)^---\s*$`)

func split(source, text string) ([]manifest, error) {
	var result []manifest
	for _, part := range separator.Split(text, -1) {
		object := map[string]interface{}{}
		if err := yaml.UnmarshalStrict([]byte(part), &object); err != nil {
			return nil, fmt.Errorf("%s: %w", source, err)
		}
		if len(object) == 0 {
			continue
		}
		kind, _ := object["kind"].(string)
		result = append(result, manifest{source, kind, strings.TrimSpace(part)})
	}
	return result, nil
}
