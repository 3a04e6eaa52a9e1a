{{- define "insta.name" -}}
{{- printf "%s-%s" .Release.Name "insta" | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "insta.labels" -}}
app.kubernetes.io/name: insta
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "insta.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
