{{- /* Before Kubernetes 1.25 the API server does not know CEL rules, and refuses them in a server-side apply. The operator's
validating webhook holds every rule as well. */ -}}
{{- define "waf-crds.withoutRules" -}}
{{- if kindIs "map" . }}
{{- $_ := unset . "x-kubernetes-validations" }}
{{- range $key, $value := . }}{{ include "waf-crds.withoutRules" $value }}{{ end }}
{{- else if kindIs "slice" . }}
{{- range . }}{{ include "waf-crds.withoutRules" . }}{{ end }}
{{- end }}
{{- end }}
