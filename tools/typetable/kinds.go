package main

import (
	"reflect"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// packages names each Go package in the table, and as OpenAPI component prefix.
var packages = []struct{ short, path, component string }{
	{"meta.v1", "k8s.io/apimachinery/pkg/apis/meta/v1", "io.k8s.apimachinery.pkg.apis.meta.v1"},
	{"core.v1", "k8s.io/api/core/v1", "io.k8s.api.core.v1"},
	{"apps.v1", "k8s.io/api/apps/v1", "io.k8s.api.apps.v1"},
	{"batch.v1", "k8s.io/api/batch/v1", "io.k8s.api.batch.v1"},
	{"coordination.v1", "k8s.io/api/coordination/v1", "io.k8s.api.coordination.v1"},
	{"events.v1", "k8s.io/api/events/v1", "io.k8s.api.events.v1"},
	{"discovery.v1", "k8s.io/api/discovery/v1", "io.k8s.api.discovery.v1"},
	{"rbac.v1", "k8s.io/api/rbac/v1", "io.k8s.api.rbac.v1"},
	{"admissionregistration.v1", "k8s.io/api/admissionregistration/v1", "io.k8s.api.admissionregistration.v1"},
	{"scheduling.v1", "k8s.io/api/scheduling/v1", "io.k8s.api.scheduling.v1"},
	{"storage.v1", "k8s.io/api/storage/v1", "io.k8s.api.storage.v1"},
	{"policy.v1", "k8s.io/api/policy/v1", "io.k8s.api.policy.v1"},
	{"networking.v1", "k8s.io/api/networking/v1", "io.k8s.api.networking.v1"},
	{"autoscaling.v1", "k8s.io/api/autoscaling/v1", "io.k8s.api.autoscaling.v1"},
	{"autoscaling.v2", "k8s.io/api/autoscaling/v2", "io.k8s.api.autoscaling.v2"},
	{"certificates.v1", "k8s.io/api/certificates/v1", "io.k8s.api.certificates.v1"},
	{"authentication.v1", "k8s.io/api/authentication/v1", "io.k8s.api.authentication.v1"},
	{"authorization.v1", "k8s.io/api/authorization/v1", "io.k8s.api.authorization.v1"},
	{"apiextensions.v1", "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1", "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1"},
	{"apiregistration.v1", "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1", "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1"},
}

// roots are the kinds that travel as whole objects; every other type is found from these.
var roots = []any{
	metav1.DeleteOptions{}, metav1.ListMeta{}, metav1.Status{},
	corev1.Namespace{}, corev1.Secret{}, corev1.ConfigMap{}, corev1.ServiceAccount{}, corev1.Event{}, corev1.Service{},
	corev1.Endpoints{}, corev1.Pod{}, corev1.PersistentVolumeClaim{}, corev1.PersistentVolume{}, corev1.Node{},
	corev1.PodTemplate{}, corev1.ReplicationController{}, corev1.ResourceQuota{}, corev1.LimitRange{}, corev1.Binding{},
	appsv1.Deployment{}, appsv1.ReplicaSet{}, appsv1.StatefulSet{}, appsv1.DaemonSet{}, appsv1.ControllerRevision{},
	batchv1.Job{}, batchv1.CronJob{},
	coordinationv1.Lease{},
	eventsv1.Event{},
	discoveryv1.EndpointSlice{},
	rbacv1.Role{}, rbacv1.RoleBinding{}, rbacv1.ClusterRole{}, rbacv1.ClusterRoleBinding{},
	admissionregistrationv1.ValidatingWebhookConfiguration{}, admissionregistrationv1.MutatingWebhookConfiguration{},
	admissionregistrationv1.ValidatingAdmissionPolicy{}, admissionregistrationv1.ValidatingAdmissionPolicyBinding{},
	schedulingv1.PriorityClass{},
	storagev1.StorageClass{}, storagev1.CSIDriver{}, storagev1.CSINode{}, storagev1.VolumeAttachment{}, storagev1.CSIStorageCapacity{},
	policyv1.PodDisruptionBudget{}, policyv1.Eviction{},
	networkingv1.Ingress{}, networkingv1.IngressClass{}, networkingv1.NetworkPolicy{},
	autoscalingv1.HorizontalPodAutoscaler{}, autoscalingv1.Scale{}, autoscalingv2.HorizontalPodAutoscaler{},
	certificatesv1.CertificateSigningRequest{},
	authenticationv1.TokenReview{}, authenticationv1.SelfSubjectReview{}, authenticationv1.TokenRequest{},
	authorizationv1.SubjectAccessReview{}, authorizationv1.LocalSubjectAccessReview{},
	authorizationv1.SelfSubjectAccessReview{}, authorizationv1.SelfSubjectRulesReview{},
	apiextensionsv1.CustomResourceDefinition{},
	apiregistrationv1.APIService{},
}

func rootTypes() []reflect.Type {
	types := make([]reflect.Type, len(roots))
	for i, root := range roots {
		types[i] = reflect.TypeOf(root)
	}
	return types
}
