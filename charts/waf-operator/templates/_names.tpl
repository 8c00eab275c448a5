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

{{- /* What the webhooks for new pods have in common. */ -}}
{{- define "waf-operator.podWebhook" -}}
admissionReviewVersions: [v1]
clientConfig:
  service: {name: waf-operator, namespace: {{ .Release.Namespace }}, path: /mutate/pods, port: 443}
rules:
  - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods], scope: Namespaced}
matchPolicy: Equivalent
reinvocationPolicy: IfNeeded
sideEffects: None
timeoutSeconds: {{ .Values.webhooks.timeoutSeconds }}
{{ include "waf-operator.podSelectors" . }}
{{- end }}

{{- /* Which pods are sent. Before Kubernetes 1.21 namespaces have no label with their name, and only a pod's own label
keeps the operator from waiting for itself; later a pod that carries the label is sent like any other. */ -}}
{{- define "waf-operator.podSelectors" -}}
{{ include "waf-operator.namespaceSelector" . }}
{{- if semverCompare "<1.21.0-0" .Capabilities.KubeVersion.Version }}
objectSelector:
  matchExpressions:
    - {key: wafoperator.dev/control-plane, operator: DoesNotExist}
{{- end }}
{{- end }}

{{- define "waf-operator.namespaceSelector" -}}
namespaceSelector:
  matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values:
        {{- range concat (list "kube-system" .Release.Namespace) .Values.webhooks.excludedNamespaces | uniq }}
        - {{ . }}
        {{- end }}
    {{- if include "waf-operator.labelledOnly" . }}
    - {key: wafoperator.dev/injection, operator: In, values: [enabled]}
    {{- else }}
    - {key: wafoperator.dev/injection, operator: NotIn, values: [disabled]}
    {{- end }}
{{- end }}
