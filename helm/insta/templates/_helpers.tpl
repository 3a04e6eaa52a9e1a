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

{{- define "insta.selector" -}}
app.kubernetes.io/name: insta
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "insta.memcached" -}}
{{- if .Values.bundled.memcached.enabled -}}{{ include "insta.name" . }}-memcached:11211{{- else -}}{{ join "," .Values.memcached.servers }}{{- end -}}
{{- end -}}

{{- define "insta.kafka" -}}
{{- if .Values.bundled.kafka.enabled -}}{{ include "insta.name" . }}-kafka:9092{{- else -}}{{ .Values.kafka.bootstrapServers }}{{- end -}}
{{- end -}}

{{- /* What the restricted profile of pod security asks of every pod, ours and the migration's. */ -}}
{{- define "insta.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "insta.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: ["ALL"]
{{- end -}}

{{- /* Where the servers are, and the secrets by reference. */ -}}
{{- define "insta.env" -}}
- name: INSTA__POSTGRES__DIRECTORY
  valueFrom:
    secretKeyRef:
      name: {{ .Values.postgres.secret }}
      key: {{ .Values.postgres.directoryKey }}
{{- range $node, $key := .Values.postgres.nodes }}
- name: INSTA__POSTGRES__NODES__{{ $node }}__PRIMARY
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.postgres.secret }}
      key: {{ $key }}
{{- end }}
{{- with .Values.kafka.clientSecret }}
{{- range $setting := $.Values.kafka.clientSecretKeys }}
- name: INSTA__KAFKA__CLIENT__{{ $setting }}
  valueFrom:
    secretKeyRef:
      name: {{ $.Values.kafka.clientSecret }}
      key: {{ $setting }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* The volume of the chart's own, where photos have no other place; empty: they have. */ -}}
{{- define "insta.photosVolume" -}}
{{- if not (or .Values.photos.bucket .Values.photos.claim) -}}{{ include "insta.name" . }}-photos{{- end -}}
{{- end -}}

{{- /* It can be mounted on one node: whoever mounts it is there, whatever else is wished of pods. Takes the root. */ -}}
{{- define "insta.photosAffinity" -}}
podAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels:
          {{- include "insta.selector" . | nindent 10 }}
          insta/photos: own-volume
{{- end -}}

{{- /* The pod of a role. Takes a dict: root, role, settings, tag, track. */ -}}
{{- define "insta.pod" -}}
{{- $photos := has .role (list "media" "gateway") }}
{{- $volume := include "insta.photosVolume" .root }}
{{- $affinity := .root.Values.affinity }}
{{- if and $photos $volume }}{{ $affinity = mergeOverwrite (include "insta.photosAffinity" .root | fromYaml) (deepCopy $affinity) }}{{ end }}
{{- $tls := and (eq .role "gateway") .root.Values.gateway.tls.secret -}}
metadata:
  labels:
    {{- include "insta.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
    insta/track: {{ .track }}
    {{- if and $photos $volume }}
    insta/photos: own-volume
    {{- end }}
  annotations:
    checksum/config: {{ include (print .root.Template.BasePath "/configmap.yaml") .root | sha256sum }}
spec:
  {{- with .root.Values.serviceAccount.name }}
  serviceAccountName: {{ . }}
  {{- end }}
  automountServiceAccountToken: false
  terminationGracePeriodSeconds: {{ .settings.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "insta.podSecurity" . | nindent 4 }}
  containers:
    - name: insta
      image: {{ printf "%s:%s" .root.Values.image.repository .tag }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: ["serve", "--roles", {{ .role | quote }}]
      envFrom:
        - configMapRef:
            name: {{ include "insta.name" .root }}
      env:
        - name: POD_IP
          valueFrom:
            fieldRef:
              fieldPath: status.podIP
        - name: INSTA__GRPC__ADVERTISE
          value: {{ printf "http://$(POD_IP):%d" (int .root.Values.ports.grpc) | quote }}
        {{- /* What preStop leaves of the time, and 2 s before it ends by SIGKILL. */}}
        {{- $stop := sub (int .settings.terminationGracePeriodSeconds) 7 }}
        - name: INSTA__STOPLIMIT
          value: {{ printf "%02d:%02d:%02d" (div $stop 3600) (mod (div $stop 60) 60) (mod $stop 60) | quote }}
        {{- if $tls }}
        - name: INSTA__WEB__CERTIFICATE__PATH
          value: /etc/insta/tls/tls.crt
        - name: INSTA__WEB__CERTIFICATE__KEYPATH
          value: /etc/insta/tls/tls.key
        {{- end }}
        {{- if eq .role "gateway" }}
        {{- /* Names that resolve to all pods of a role. */}}
        {{- range $index, $role := keys .root.Values.roles | sortAlpha }}
        - name: INSTA__GATEWAY__OPSPROCESSES__{{ $index }}
          value: {{ printf "http://%s-%s:%d" (include "insta.name" $.root) $role (int $.root.Values.ports.ops) | quote }}
        {{- end }}
        {{- end }}
        {{- include "insta.env" .root | nindent 8 }}
        {{- if and $photos .root.Values.photos.secret }}
        - name: INSTA__PHOTOS__S3__ACCESSKEY
          valueFrom:
            secretKeyRef:
              name: {{ .root.Values.photos.secret }}
              key: accessKey
        - name: INSTA__PHOTOS__S3__SECRETKEY
          valueFrom:
            secretKeyRef:
              name: {{ .root.Values.photos.secret }}
              key: secretKey
        {{- end }}
      ports:
        - name: grpc
          containerPort: {{ .root.Values.ports.grpc }}
        - name: web
          containerPort: {{ .root.Values.ports.web }}
        - name: ops
          containerPort: {{ .root.Values.ports.ops }}
      startupProbe:
        httpGet:
          path: /healthz
          port: web
          {{- if $tls }}
          scheme: HTTPS
          {{- end }}
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet:
          path: /healthz
          port: web
          {{- if $tls }}
          scheme: HTTPS
          {{- end }}
        periodSeconds: 10
      readinessProbe:
        httpGet:
          path: /readyz
          port: web
          {{- if $tls }}
          scheme: HTTPS
          {{- end }}
        periodSeconds: 5
      lifecycle:
        preStop:
          # Until the Service has taken the pod out, calls still come: they are answered.
          sleep:
            seconds: 5
      resources:
        {{- toYaml .settings.resources | nindent 8 }}
      securityContext:
        {{- include "insta.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if $tls }}
        - name: tls
          mountPath: /etc/insta/tls
          readOnly: true
        {{- end }}
        {{- if $photos }}
        - name: photos
          mountPath: /var/lib/insta/photos
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        medium: Memory
        sizeLimit: 64Mi
    {{- if $tls }}
    - name: tls
      secret:
        secretName: {{ $tls }}
    {{- end }}
    {{- if $photos }}
    - name: photos
      {{- /* With a bucket: uploads while they come. */}}
      {{- if .root.Values.photos.bucket }}
      emptyDir: {}
      {{- else }}
      persistentVolumeClaim:
        claimName: {{ .root.Values.photos.claim | default $volume }}
      {{- end }}
    {{- end }}
  {{- with $affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if not .root.Values.affinity }}
  topologySpreadConstraints:
    {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - topologyKey: {{ $key }}
      maxSkew: 1
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "insta.selector" $.root | nindent 10 }}
          app.kubernetes.io/component: {{ $.role }}
    {{- end }}
  {{- end }}
  {{- with .root.Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
