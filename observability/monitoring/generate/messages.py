"""What a message about alerts says, as templates of Alertmanager. Pure.

Values come from labels and annotations of alerts; a line whose value nobody knows is left out.
Source: template data and functions of Alertmanager 0.25 (prometheus.io/docs/alerting, notifications).
"""

from typing import Final

TITLE: Final = '{{ template "gitops.title" . }}'
TEXT: Final = '{{ template "gitops.text" . }}'

_TITLE: Final = """\
{{ define "gitops.title" -}}
[{{ .Status | toUpper }}{{ if eq .Status "firing" }}{{ if gt (len .Alerts.Firing) 1 }} {{ len .Alerts.Firing }}\
{{ end }}{{ end }}] \
{{ with .CommonLabels.environment }}{{ . }}{{ else }}several environments{{ end }}\
{{ with .CommonLabels.service }} / {{ . }}{{ end }}: \
{{ if .CommonAnnotations.summary }}{{ .CommonAnnotations.summary }}\
{{ else }}{{ with .CommonLabels.alertname }}{{ . }}{{ else }}{{ (index .Alerts 0).Annotations.summary }}, and more\
{{ end }}{{ end }}
{{- end }}
"""

_ALERT: Final = """\
{{ define "gitops.alert" -}}
{{ .Annotations.summary }}
{{ with .Annotations.description }}What is wrong: {{ . }}
{{ end -}}
{{ with .Labels.cause }}Cause: {{ . }}
{{ end -}}
{{ with .Labels.condition }}Condition: {{ . }}
{{ end -}}
{{ with .Labels.environment }}Environment: {{ . }}
{{ end -}}
{{ with .Labels.service }}Service: {{ . }}
{{ end -}}
{{ with .Labels.application }}Application: {{ with $.Labels.application_namespace }}{{ . }}/{{ end }}{{ . }}
{{ end -}}
{{ with .Labels.severity }}Severity: {{ . }}
{{ end -}}
Fires since: {{ .StartsAt.UTC.Format "2006-01-02 15:04:05" }} UTC
{{ if eq .Status "resolved" }}Over since: {{ .EndsAt.UTC.Format "2006-01-02 15:04:05" }} UTC
{{ end -}}
{{ with .Annotations.deployed_by }}Last deployed by: {{ . }}
{{ end -}}
{{ with .Annotations.runbook_url }}Runbook: {{ . }}
{{ end -}}
{{ with .Annotations.dashboard_url }}Dashboard: {{ . }}
{{ end -}}
{{ with .Annotations.application_url }}Argo CD: {{ . }}
{{ end -}}
{{ end }}
"""

_TEXT: Final = """\
{{ define "gitops.text" -}}
{{ range .Alerts.Firing }}{{ template "gitops.alert" . }}
{{ end -}}
{{ if .Alerts.Resolved }}{{ if .Alerts.Firing }}No more:

{{ end }}{{ range .Alerts.Resolved }}{{ template "gitops.alert" . }}
{{ end }}{{ end -}}
{{ end }}
"""

TEMPLATES: Final = "\n".join((_TITLE, _ALERT, _TEXT))
"""All of them: a file for Alertmanager."""
