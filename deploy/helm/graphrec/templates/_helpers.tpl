{{- define "graphrec.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "graphrec.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "graphrec.labels" -}}
{{ include "graphrec.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "graphrec.claim" -}}
{{ .Values.persistence.existingClaim | default (printf "%s-data" (include "graphrec.name" .)) }}
{{- end -}}

{{/* What cannot work is said before anything is made. */}}
{{- define "graphrec.check" -}}
{{- if not .Values.secrets.keys }}
{{- fail "secrets.keys is empty: expected the name of a Secret with a key keys.json; make one with `graphrec keys create` and `kubectl create secret generic graphrec-keys --from-file=keys.json`" }}
{{- end }}
{{- if hasPrefix "sqlite" .Values.store }}
{{- if or (gt (int .Values.service.replicas) 1) .Values.autoscaling.enabled }}
{{- fail (printf "store is %q and there are several pods: expected a server, as a file is for one machine; set store to neo4j://…, or service.replicas to 1 and autoscaling.enabled to false" .Values.store) }}
{{- end }}
{{- if .Values.consumer.enabled }}
{{- fail (printf "store is %q and consumer.enabled is true: expected a server; or set [stream] in settings, so that the service itself reads the stream" .Values.store) }}
{{- end }}
{{- end }}
{{- if and .Values.consumer.enabled (not .Values.consumer.url) }}
{{- fail "consumer.url is empty: expected the address of a stream, such as kafka://kafka:9092/clicks" }}
{{- end }}
{{- end -}}

{{/* What all pods have: (dict "root" $ "image" "serve" "resources" … "arguments" …) */}}
{{- define "graphrec.pod" -}}
{{- $root := .root }}
serviceAccountName: {{ include "graphrec.name" $root }}
automountServiceAccountToken: false
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with $root.Values.service.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.service.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: data
    persistentVolumeClaim: { claimName: {{ include "graphrec.claim" $root }} }
  - name: settings
    configMap: { name: {{ include "graphrec.name" $root }} }
  - name: keys
    secret: { secretName: {{ $root.Values.secrets.keys }}, defaultMode: 0440 }
  - name: tmp
    emptyDir: {}
{{- end -}}

{{- define "graphrec.container" -}}
{{- $root := .root }}
{{- $image := index $root.Values.image .image }}
image: {{ printf "%s:%s" $image.repository ($image.tag | default $root.Chart.AppVersion) | quote }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
workingDir: /data
args: {{- toYaml .arguments | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
env:
  - { name: GRAPHREC_STORE, value: {{ $root.Values.store | quote }} }
  - { name: GRAPHREC_SNAPSHOTS, value: /data/snapshots }
  - { name: GRAPHREC_SERVE__KEYS, value: /etc/graphrec-keys/keys.json }
  - { name: HOME, value: /tmp }
  {{- range $name, $value := $root.Values.environment }}
  - { name: {{ $name }}, value: {{ $value | quote }} }
  {{- end }}
{{- with $root.Values.secrets.environment }}
envFrom:
  - secretRef: { name: {{ . }} }
{{- end }}
resources: {{- toYaml .resources | nindent 2 }}
volumeMounts:
  - { name: data, mountPath: /data }
  - { name: settings, mountPath: /etc/graphrec, readOnly: true }
  - { name: keys, mountPath: /etc/graphrec-keys, readOnly: true }
  - { name: tmp, mountPath: /tmp }
{{- end -}}
