{{/*
What Isthmus may do, by namespace: of the rules in files/rbac-rules.yaml those of the features that the configuration uses in
this cluster, which is where no kubeconfig names another one.
*/}}
{{- define "isthmus.grants" -}}
{{- $own := .Release.Namespace -}}
{{- $all := .Files.Get "files/rbac-rules.yaml" | fromYamlArray -}}
{{- $grants := dict -}}
{{- with .Values.rbac.extraRules -}}
{{- $_ := set $grants $own . -}}
{{- end -}}
{{- range $use := include "isthmus.uses" . | fromYamlArray -}}
{{- $namespace := default $own $use.namespace -}}
{{- $rules := default (list) (get $grants $namespace) -}}
{{- range $rule := $all -}}
{{- if eq $rule.feature $use.feature -}}
{{- $names := list -}}
{{- range $rule.resourceNames -}}
{{- with get $use . -}}{{- $names = append $names . -}}{{- end -}}
{{- end -}}
{{- if or $names (not $rule.resourceNames) -}}
{{- $made := omit $rule "feature" "resourceNames" -}}
{{- if $names -}}{{- $_ := set $made "resourceNames" $names -}}{{- end -}}
{{- if not (has $made $rules) -}}{{- $rules = append $rules $made -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $_ := set $grants $namespace $rules -}}
{{- end -}}
{{- toYaml $grants -}}
{{- end -}}

{{/* Each feature that is used, where, and with which names. */}}
{{- define "isthmus.uses" -}}
{{- $config := include "isthmus.config" . | fromYaml -}}
{{- $uses := list -}}
{{- $authority := default (dict) $config.authority -}}
{{- if and (eq (default "sqlite" $authority.kind) "kubernetes") (not $authority.kubeconfig) -}}
{{- $name := default "isthmus" $authority.name -}}
{{- $uses = append $uses (dict "feature" "authority" "namespace" $authority.namespace "AUTHORITY" $name) -}}
{{- end -}}
{{- if and (hasKey $config "kubernetes") (not (dig "kubernetes" "kubeconfig" "" $config)) -}}
{{- $uses = append $uses (dict "feature" "objects" "namespace" (dig "kubernetes" "namespace" "" $config)) -}}
{{- end -}}
{{- range $config.failoverGroups -}}
{{- range .routing -}}
{{- if and (eq .kind "kubernetes") (not .kubeconfig) -}}
{{- $names := dict "SERVICE" .service "CONFIGMAP" .configMap -}}
{{- $uses = append $uses (merge (dict "feature" "routing" "namespace" .namespace) $names) -}}
{{- end -}}
{{- end -}}
{{- range .eviction -}}
{{- if and (eq .kind "rollout") (not .kubeconfig) -}}
{{- $uses = append $uses (dict "feature" "rollout" "namespace" .namespace) -}}
{{- end -}}
{{- if and (eq .kind "networkPolicy") (not .kubeconfig) -}}
{{- $eviction := . -}}
{{- range $name := values .networkPolicies | uniq | sortAlpha -}}
{{- $uses = append $uses (dict "feature" "policies" "namespace" $eviction.namespace "NETWORKPOLICY" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- /* Only the agent of a region keeps its gate. */ -}}
{{- if .Values.agent.enabled -}}
{{- range $config.regions -}}
{{- $gate := default (dict) .gate -}}
{{- if and (eq .name $.Values.region) $gate.networkPolicy (not $gate.kubeconfig) -}}
{{- $names := dict "NETWORKPOLICY" $gate.networkPolicy -}}
{{- $uses = append $uses (merge (dict "feature" "policies" "namespace" $gate.namespace "role" "agent") $names) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $uses -}}
{{- end -}}

{{/*
Whether a role speaks to the API server: only then its pods get a token. All of them read the authority, only the agent keeps
the gate, and only controllers move clients and show objects; programs of the operator may be run by any.
*/}}
{{- define "isthmus.needsToken" -}}
{{- $isNeeded := not (empty .root.Values.rbac.extraRules) -}}
{{- range include "isthmus.uses" .root | fromYamlArray -}}
{{- if or (eq .feature "authority") (eq $.role (default "controller" .role)) -}}{{- $isNeeded = true -}}{{- end -}}
{{- end -}}
{{- $isNeeded -}}
{{- end -}}
