{{/* The pod of a role: of a dict with root, role and values, the values of that role. */}}
{{- define "isthmus.pod" -}}
{{- $root := .root -}}
{{- $values := .values -}}
metadata:
  labels:
    {{- include "isthmus.selector" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
    app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
    {{- with mergeOverwrite (dict) $root.Values.commonLabels $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: isthmus
    {{- if not $root.Values.existingConfigMap }}
    isthmus/restart-checksum: {{ include "isthmus.restartChecksum" $root }}
    {{- end }}
    {{- with mergeOverwrite (dict) $root.Values.commonAnnotations $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "isthmus.serviceAccountName" $root }}
  automountServiceAccountToken: {{ eq (include "isthmus.needsToken" (dict "root" $root "role" .role)) "true" }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $root.Values.terminationGracePeriodSeconds }}
  {{- with $root.Values.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  {{- with $root.Values.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    {{- if $values.topologySpreadConstraints }}
    {{- toYaml $values.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "isthmus.selector" $root | nindent 10 }}
          app.kubernetes.io/component: {{ $.role }}
    {{- end }}
    {{- end }}
  containers:
    - name: isthmus
      image: {{ include "isthmus.image" $root }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      {{- with $root.Values.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      args:
        - run
        - --config=/etc/isthmus/config/isthmus.yaml
        - --role={{ .role }}
        - --log-level={{ $root.Values.logLevel }}
        {{- with $root.Values.region }}
        - --region={{ . }}
        {{- end }}
        {{- range $values.extraArgs }}
        - {{ . | quote }}
        {{- end }}
      {{- with $values.extraEnv }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.extraEnvFrom }}
      envFrom:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        - { name: api, containerPort: {{ $root.Values.api.port }}, protocol: TCP }
      {{- range $name, $path := dict "startup" "/healthz" "liveness" "/healthz" "readiness" "/readyz" }}
      {{ $name }}Probe:
        httpGet: { path: {{ $path }}, port: api, scheme: {{ include "isthmus.scheme" $root }} }
        {{- toYaml (index $root.Values.probes $name) | nindent 8 }}
      {{- end }}
      {{- with $values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      volumeMounts:
        {{- include "isthmus.mounts" $root | nindent 8 }}
        {{- with $values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    {{- include "isthmus.volumes" $root | nindent 4 }}
    {{- with $values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* Whole folders, since a file that is mounted alone is never exchanged. */}}
{{- define "isthmus.mounts" -}}
- { name: config, mountPath: /etc/isthmus/config, readOnly: true }
- { name: tmp, mountPath: /tmp }
{{- range .Values.existingSecrets }}
- { name: {{ printf "secret-%s" . | trunc 63 | trimSuffix "-" }}, mountPath: {{ printf "/etc/isthmus/secrets/%s" . }}, readOnly: true }
{{- end }}
{{- range .Values.api.tokens }}
- { name: {{ printf "token-%s" .name | trunc 63 | trimSuffix "-" }}, mountPath: {{ printf "/etc/isthmus/tokens/%s" .name }}, readOnly: true }
{{- end }}
{{- if .Values.api.tls.enabled }}
- { name: api-tls, mountPath: /etc/isthmus/tls, readOnly: true }
{{- end }}
{{- end -}}

{{- define "isthmus.volumes" -}}
- name: config
  configMap: { name: {{ default (include "isthmus.fullname" .) .Values.existingConfigMap }} }
- name: tmp
  emptyDir: { sizeLimit: {{ .Values.tmpSizeLimit }} }
{{- range .Values.existingSecrets }}
- name: {{ printf "secret-%s" . | trunc 63 | trimSuffix "-" }}
  secret: { secretName: {{ . }}, defaultMode: 288 }
{{- end }}
{{- range .Values.api.tokens }}
- name: {{ printf "token-%s" .name | trunc 63 | trimSuffix "-" }}
  secret: { secretName: {{ .existingSecret }}, defaultMode: 288, items: [{ key: {{ .key }}, path: {{ .key }} }] }
{{- end }}
{{- if .Values.api.tls.enabled }}
- name: api-tls
  secret: { secretName: {{ include "isthmus.tlsSecret" . }}, defaultMode: 288 }
{{- end }}
{{- end -}}
