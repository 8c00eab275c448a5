{{- define "waf-forward-auth.labels" -}}
{{ include "waf-forward-auth.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "waf-forward-auth.selector" -}}
app.kubernetes.io/name: waf-forward-auth
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
