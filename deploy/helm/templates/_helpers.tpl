{{- define "wx.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "wx.fullname" -}}
{{- $name := include "wx.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "wx.selectorLabels" -}}
app.kubernetes.io/name: {{ include "wx.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "wx.labels" -}}
{{ include "wx.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "wx.monitoringLabels" -}}
{{ include "wx.labels" . }}
{{- with .Values.monitoring.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "wx.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* The configuration as text. */}}
{{- define "wx.config" -}}
{{- if kindIs "string" .Values.config -}}
{{ .Values.config }}
{{- else -}}
{{- $defaults := dict -}}
{{- if or .Values.appFiles .Values.existingAppFiles -}}
{{- $defaults = dict "app_files" (list "apps.d/*.yml") -}}
{{- end -}}
{{ merge dict .Values.config $defaults | toYaml }}
{{- end -}}
{{- end }}

{{/* The flags of the exporter, as a JSON list. */}}
{{- define "wx.flags" -}}
{{- $flags := .Values.flags -}}
{{- if .Values.web.existingSecret -}}
{{- $flags = prepend $flags "--web.config.file=/run/secrets/wx_domain_exporter_web/web.yml" -}}
{{- end -}}
{{- toJson $flags -}}
{{- end }}

{{- define "wx.scheme" -}}
{{ if and .Values.web.existingSecret .Values.web.tls }}https{{ else }}http{{ end }}
{{- end }}

{{/* Asks whether the exporter is well: over HTTP, or by the program itself, which also copes with TLS and passwords. */}}
{{- define "wx.probe" -}}
{{- if .root.Values.web.existingSecret -}}
exec:
  command:
    {{- $command := list "/opt/wx_domain_exporter/bin/python" "-m" "wx_domain_exporter" "--health" }}
    {{- concat $command (include "wx.flags" .root | fromJsonArray) | toYaml | nindent 4 }}
{{- else -}}
httpGet:
  path: {{ .path }}
  port: http
{{- end }}
{{- end }}

{{/* The mounted volumes, as a JSON list of {name, path, source}. */}}
{{- define "wx.volumes" -}}
{{- $name := include "wx.fullname" . -}}
{{- $volumes := list -}}
{{- if or .Values.config .Values.existingConfigMap -}}
{{- $source := dict "configMap" (dict "name" (.Values.existingConfigMap | default $name)) -}}
{{- $volumes = append $volumes (dict "name" "config" "path" "/etc/wx_domain_exporter" "source" $source) -}}
{{- end -}}
{{- $apps := .Values.existingAppFiles -}}
{{- if .Values.appFiles }}{{ $apps = printf "%s-apps" $name }}{{ end -}}
{{- if $apps -}}
{{- $source := dict "configMap" (dict "name" $apps) -}}
{{- $volumes = append $volumes (dict "name" "apps" "path" "/etc/wx_domain_exporter/apps.d" "source" $source) -}}
{{- end -}}
{{- $secrets := list -}}
{{- range .Values.existingSecrets }}{{ $secrets = append $secrets (dict "secret" (dict "name" .)) }}{{ end -}}
{{- if .Values.secrets }}{{ $secrets = append $secrets (dict "secret" (dict "name" $name)) }}{{ end -}}
{{- if $secrets -}}
{{- $source := dict "projected" (dict "defaultMode" 0440 "sources" $secrets) -}}
{{- $volumes = append $volumes (dict "name" "secrets" "path" "/run/secrets/wx_domain_exporter" "source" $source) -}}
{{- end -}}
{{- with .Values.web.existingSecret -}}
{{- $source := dict "secret" (dict "secretName" . "defaultMode" 0440) -}}
{{- $volumes = append $volumes (dict "name" "web" "path" "/run/secrets/wx_domain_exporter_web" "source" $source) -}}
{{- end -}}
{{- toJson $volumes -}}
{{- end }}

{{- define "wx.resources" -}}
{{- $sizes := dict
  "small" (dict "cpu" "50m" "memory" "128Mi" "limit" "512Mi")
  "medium" (dict "cpu" "250m" "memory" "256Mi" "limit" "768Mi")
  "large" (dict "cpu" "500m" "memory" "384Mi" "limit" "1Gi") -}}
{{- if .Values.resources -}}
{{ toYaml .Values.resources }}
{{- else -}}
{{- with get $sizes .Values.fleet -}}
requests:
  cpu: {{ .cpu }}
  memory: {{ .memory }}
limits:
  memory: {{ .limit }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Stops at values that contradict each other, with a sentence. */}}
{{- define "wx.validate" -}}
{{- $ways := list -}}
{{- range list "config" "existingConfigMap" "demo" -}}
{{- if get $.Values . }}{{ $ways = append $ways . }}{{ end -}}
{{- end -}}
{{- if ne (len $ways) 1 -}}
{{- fail (printf "set one of config, existingConfigMap and demo; set are: %s" (join ", " $ways | default "none")) -}}
{{- end -}}
{{- $monitoring := .Values.monitoring -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- if and $monitoring.serviceMonitor.enabled (not $monitoring.scrapeConfig.enabled) -}}
{{- fail "with several replicas, the ServiceMonitor alone would let each of them ask WeChat for all mini programs; set monitoring.scrapeConfig.enabled" -}}
{{- end -}}
{{- if contains "own_component_token: true" (include "wx.config" . ) -}}
{{- fail "with several replicas, own_component_token would make each of them end the others' component_access_token; use component_access_token, or one replica" -}}
{{- end -}}
{{- end -}}
{{- if and $monitoring.prometheusRule.enabled (not $monitoring.prometheusRule.content) (ne $monitoring.interval "60s") -}}
{{- fail "the shipped rules are for an interval of 60s; write others with scripts/rules.py --scrape-interval and set monitoring.prometheusRule.content" -}}
{{- end -}}
{{- end }}
