package main

import (
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// patchCase is a strategic merge patch and what upstream makes of it; Error where upstream refuses it.
type patchCase struct {
	Name   string          `json:"name"`
	Type   string          `json:"type"`
	Before json.RawMessage `json:"before"`
	Patch  json.RawMessage `json:"patch"`
	After  json.RawMessage `json:"after,omitempty"`
	Error  bool            `json:"error,omitempty"`
}

const podBefore = `{"metadata":{"name":"p","labels":{"a":"1","b":"2"},"finalizers":["x/a","x/b"],"ownerReferences":[{"uid":"u1","name":"o1","kind":"K","apiVersion":"v1"},{"uid":"u2","name":"o2","kind":"K","apiVersion":"v1"}]},
"spec":{"nodeSelector":{"k":"v"},"volumes":[{"name":"v1","emptyDir":{}},{"name":"v2","hostPath":{"path":"/x","type":""}}],
"tolerations":[{"key":"t1"},{"key":"t2"}],
"containers":[{"name":"a","image":"i:1","env":[{"name":"E1","value":"1"},{"name":"E2","value":"2"}],"args":["x","y"],"ports":[{"containerPort":80,"protocol":"TCP"},{"containerPort":81,"protocol":"TCP"}]},{"name":"b","image":"i:2"},{"name":"c","image":"i:3"}]}}`

const deploymentBefore = `{"metadata":{"name":"d"},"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}},"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"containers":[{"name":"a","image":"i"}]}}}}`

const serviceBefore = `{"spec":{"ports":[{"port":80,"name":"http","protocol":"TCP"},{"port":443,"name":"https"}],"selector":{"a":"b"}}}`

func patchCases() []patchCase {
	pod := []struct{ name, patch string }{
		{"merges a container by name", `{"spec":{"containers":[{"name":"b","image":"new"}]}}`},
		{"adds a container in front of the rest", `{"spec":{"containers":[{"name":"z","image":"new"}]}}`},
		{"adds two containers", `{"spec":{"containers":[{"name":"z","image":"new"},{"name":"y"}]}}`},
		{"deletes a container", `{"spec":{"containers":[{"name":"b","$patch":"delete"}]}}`},
		{"deletes a container that is not there", `{"spec":{"containers":[{"name":"q","$patch":"delete"}]}}`},
		{"replaces a container within the list", `{"spec":{"containers":[{"name":"a","image":"only","$patch":"replace"}]}}`},
		{"replaces the whole list", `{"spec":{"containers":[{"name":"n","image":"only"},{"$patch":"replace"}]}}`},
		{"replaces the whole list by nothing", `{"spec":{"containers":[{"$patch":"replace"}]}}`},
		{"merges nested lists", `{"spec":{"containers":[{"name":"a","env":[{"name":"E2","value":"new"},{"name":"E3","value":"3"}],"ports":[{"containerPort":81,"name":"n"}]}]}}`},
		{"removes a field of an item", `{"spec":{"containers":[{"name":"a","image":null}]}}`},
		{"replaces an atomic list", `{"spec":{"containers":[{"name":"a","args":["z"]}],"tolerations":[{"key":"t3"}]}}`},
		{"merges a map and removes a key", `{"metadata":{"labels":{"a":null,"c":"3"}}}`},
		{"replaces a map", `{"metadata":{"labels":{"$patch":"replace","c":"3"}}}`},
		{"deletes a map", `{"metadata":{"labels":{"$patch":"delete"}}}`},
		{"removes a list with null", `{"spec":{"containers":null}}`},
		{"adds to a list of primitives", `{"metadata":{"finalizers":["x/c","x/a"]}}`},
		{"deletes from a list of primitives", `{"metadata":{"$deleteFromPrimitiveList/finalizers":["x/a"]}}`},
		{"deletes and adds primitives", `{"metadata":{"$deleteFromPrimitiveList/finalizers":["x/b"],"finalizers":["x/c"]}}`},
		{"orders primitives", `{"metadata":{"$setElementOrder/finalizers":["x/c","x/b","x/a"],"finalizers":["x/c"]}}`},
		{"merges owner references by uid", `{"metadata":{"ownerReferences":[{"uid":"u2","controller":true}]}}`},
		{"deletes an owner reference", `{"metadata":{"ownerReferences":[{"uid":"u1","$patch":"delete"}]}}`},
		{"orders containers", `{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"a"},{"name":"b"}]}}`},
		{"orders containers and adds one", `{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"z"},{"name":"a"}],"containers":[{"name":"z","image":"new"}]}}`},
		{"orders containers and deletes one", `{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"a"}],"containers":[{"name":"b","$patch":"delete"}]}}`},
		{"orders some, others keep their place", `{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"a","image":"n"}]}}`},
		{"retains keys of a volume", `{"spec":{"volumes":[{"name":"v1","$retainKeys":["name","configMap"],"configMap":{"name":"m"}}]}}`},
		{"retains keys with a null", `{"spec":{"volumes":[{"name":"v1","$retainKeys":["name","configMap"],"emptyDir":null,"configMap":{"name":"m"}}]}}`},
		{"refuses a key that is not retained", `{"spec":{"volumes":[{"name":"v1","$retainKeys":["name"],"configMap":{"name":"m"}}]}}`},
		{"merges at the root", `{"$patch":"merge","metadata":{"labels":{"z":"1"}}}`},
		{"replaces the root", `{"$patch":"replace","metadata":{"name":"q"}}`},
		{"deletes the root", `{"$patch":"delete"}`},
		{"refuses an unknown directive", `{"spec":{"$patch":"scramble"}}`},
		{"refuses an unknown directive in a list", `{"spec":{"containers":[{"name":"a","$patch":"scramble"}]}}`},
		{"refuses an item without its merge key", `{"spec":{"containers":[{"image":"x"}]}}`},
		{"keeps an unknown field", `{"spec":{"notAField":{"a":1}}}`},
		{"refuses an order that lacks a patched item", `{"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"b","image":"n"}]}}`},
		{"drops nulls inside a new item", `{"spec":{"containers":[{"name":"n","image":null,"env":[{"name":"E","value":null}]}]}}`},
		{"drops nulls inside a new map", `{"metadata":{"annotations":{"a":null,"b":"1"}}}`},
		{"deletes a map that is not there", `{"metadata":{"annotations":{"$patch":"delete"}}}`},
		{"changes a list into a scalar", `{"spec":{"containers":"x"}}`},
		{"changes a map into a scalar", `{"metadata":{"labels":"x"}}`},
		{"merges an item twice", `{"spec":{"containers":[{"name":"a","image":"1"},{"name":"a","command":["c"]}]}}`},
		{"merges a map that is atomic for apply", `{"spec":{"nodeSelector":{"x":"y"}}}`},
		{"removes nothing with an empty patch", `{}`},
		{"empty list leaves the list", `{"spec":{"containers":[]}}`},
		{"empty primitive list leaves the list", `{"metadata":{"finalizers":[]}}`},
		{"empty atomic list empties the list", `{"spec":{"tolerations":[]}}`},
		{"retains keys at once with an order", `{"spec":{"$setElementOrder/volumes":[{"name":"v2"},{"name":"v1"}],"volumes":[{"name":"v2","$retainKeys":["name","emptyDir"],"emptyDir":{}}]}}`},
	}
	deployment := []struct{ name, patch string }{
		{"retains keys of the strategy", `{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}`},
		{"retains keys and removes the rest by null", `{"spec":{"strategy":{"$retainKeys":["type"],"rollingUpdate":null,"type":"Recreate"}}}`},
		{"replaces the strategy", `{"spec":{"strategy":{"$patch":"replace","type":"Recreate"}}}`},
		{"restarts by annotation", `{"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}}}}`},
	}
	service := []struct{ name, patch string }{
		{"merges a port by number", `{"spec":{"ports":[{"port":80,"targetPort":8080}]}}`},
		{"orders ports", `{"spec":{"$setElementOrder/ports":[{"port":443},{"port":80}],"ports":[{"port":80,"targetPort":8080}]}}`},
		{"deletes a port", `{"spec":{"ports":[{"port":443,"$patch":"delete"}]}}`},
	}
	var cases []patchCase
	for _, c := range pod {
		cases = append(cases, patchOf(c.name, "core.v1.Pod", podBefore, c.patch, corev1.Pod{}))
	}
	for _, c := range deployment {
		cases = append(cases, patchOf(c.name, "apps.v1.Deployment", deploymentBefore, c.patch, appsv1.Deployment{}))
	}
	for _, c := range service {
		cases = append(cases, patchOf(c.name, "core.v1.Service", serviceBefore, c.patch, corev1.Service{}))
	}
	return cases
}

func patchOf(name, typeName, before, patch string, data any) (result patchCase) {
	result = patchCase{Name: name, Type: typeName, Before: json.RawMessage(before), Patch: json.RawMessage(patch)}
	defer func() {
		if failure := recover(); failure != nil {
			panic(fmt.Sprintf("%s: %v", name, failure))
		}
	}()
	after, err := strategicpatch.StrategicMergePatch([]byte(before), []byte(patch), data)
	if err != nil {
		fmt.Printf("refused: %s: %v\n", name, err)
		result.Error = true
		return result
	}
	result.After = after
	return result
}
