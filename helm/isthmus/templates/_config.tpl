{{/* The configuration file, as YAML. */}}
{{- define "isthmus.config" -}}
{{- $api := dict "listen" (printf "0.0.0.0:%v" .Values.api.port) "anonymous" .Values.api.anonymous -}}
{{- if .Values.api.tls.enabled -}}
{{- $_ := set $api "tls" (dict "certFile" "/etc/isthmus/tls/tls.crt" "keyFile" "/etc/isthmus/tls/tls.key") -}}
{{- end -}}
{{- $tokens := list -}}
{{- range .Values.api.tokens -}}
{{- $tokens = append $tokens (dict "name" .name "role" .role "hashFile" (printf "/etc/isthmus/tokens/%s/%s" .name .key)) -}}
{{- end -}}
{{- with $tokens -}}
{{- $_ := set $api "auth" (dict "tokens" .) -}}
{{- end -}}
{{- $api = mergeOverwrite $api (deepCopy .Values.api.extra) -}}
{{- $config := deepCopy .Values.config -}}
{{- if .Values.kubernetes.authority -}}
{{- $_ := set $config "authority" (merge (default (dict) $config.authority) (dict "kind" "kubernetes")) -}}
{{- end -}}
{{- if and .Values.kubernetes.objects (not (hasKey $config "kubernetes")) -}}
{{- $_ := set $config "kubernetes" (dict) -}}
{{- end -}}
{{- toYaml (merge (dict "apiVersion" "isthmus/v1" "api" $api) $config) -}}
{{- end -}}

{{/*
What of the configuration counts only after a restart: a change of it rolls the pods. All else is read by the running
processes; see src/config/changes.ts, whose list of keys this is.
*/}}
{{- define "isthmus.restartChecksum" -}}
{{- $config := include "isthmus.config" . | fromYaml -}}
{{- $groups := list -}}
{{- range $config.failoverGroups -}}
{{- $hasCanary := default false .canary -}}
{{- if not (hasKey . "canary") -}}
{{- range .drills -}}
{{- if eq .level "canary" -}}{{- $hasCanary = true -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $groups = append $groups (dict "name" .name "regions" .regions "hasCanary" $hasCanary) -}}
{{- end -}}
{{- $fixed := omit $config "links" "notifications" "failoverGroups" -}}
{{- toYaml (dict "fixed" $fixed "groups" $groups) | sha256sum -}}
{{- end -}}

{{/* What can be seen to go wrong before anything is installed. */}}
{{- define "isthmus.check" -}}
{{- if and .Values.api.tls.enabled (not .Values.existingConfigMap) -}}{{- $_ := include "isthmus.tlsSecret" . -}}{{- end -}}
{{- if and .Values.certificate.enabled (not .Values.api.tls.enabled) -}}
{{- fail "certificate.enabled needs api.tls.enabled" -}}
{{- end -}}
{{- if and .Values.certificate.enabled (not .Values.certificate.issuerRef.name) -}}
{{- fail "certificate.enabled needs certificate.issuerRef.name" -}}
{{- end -}}
{{- if and .Values.agent.enabled (not .Values.region) (not (dig "health" "standsIn" "" .Values.config)) -}}
{{- fail "agent.enabled needs region: the agents have to stand somewhere" -}}
{{- end -}}
{{- $kind := dig "authority" "kind" "sqlite" (include "isthmus.config" . | fromYaml) -}}
{{- if and .Values.kubernetes.authority (ne $kind "kubernetes") -}}
{{- fail (printf "kubernetes.authority contradicts config.authority.kind, which is %s" $kind) -}}
{{- end -}}
{{- if and .Values.config.failoverGroups (eq $kind "sqlite") (not .Values.existingConfigMap) -}}
{{- fail "config.failoverGroups needs an authority that all pods reach: set kubernetes.authority, or config.authority.kind to etcd; sqlite is a file of one process" -}}
{{- end -}}
{{- if and (eq .Values.api.anonymous "none") (not .Values.api.tokens) (not .Values.api.extra.auth) (not .Values.existingConfigMap) -}}
{{- fail "nobody could use the API: give api.tokens or api.extra.auth, or set api.anonymous to viewer" -}}
{{- end -}}
{{- end -}}
