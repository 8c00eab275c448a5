{{- define "waf-operator.labels" -}}
app.kubernetes.io/name: waf-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "waf-operator.selector" -}}
app.kubernetes.io/name: waf-operator
app.kubernetes.io/component: operator
{{- end }}

{{- /* (list "operator" $): the whole reference of an image. */ -}}
{{- define "waf-operator.image" -}}
{{- $name := index . 0 -}}{{- $root := index . 1 -}}
{{- $given := index $root.Values.images $name -}}
{{- $given | default (printf "%s/%s:%s" $root.Values.images.registry $name ($root.Values.images.tag | default $root.Chart.AppVersion)) -}}
{{- end }}

{{- define "waf-operator.matchConditions" -}}
{{- if semverCompare ">=1.28.0-0" .Capabilities.KubeVersion.Version }}true{{ end -}}
{{- end }}

{{- define "waf-operator.labelledOnly" -}}
{{- $chosen := .Values.webhooks.namespaces -}}
{{- if or (eq $chosen "Labelled") (and (eq $chosen "Auto") (not (include "waf-operator.matchConditions" .))) }}true{{ end -}}
{{- end }}
