import { defineFaults } from '../core/index.ts'

/** What can go wrong between Isthmus and a Kubernetes API server. */
export const kubernetesFaults = defineFaults({
  KUBERNETES_UNREACHABLE: {
    message: 'the API server of {where} does not answer: {reason}',
    remedy: 'Bring it back, or correct its address in the kubeconfig file. Nothing was changed there.',
    retriable: true,
    status: 503,
  },
  KUBERNETES_OUTCOME_UNKNOWN: {
    message: 'the API server of {where} did not say whether it did this: {what}: {reason}',
    remedy: 'Look at the object before anything else is decided; Isthmus does so by itself.',
    retriable: false,
    status: 503,
  },
  KUBERNETES_REFUSED: {
    message: 'the API server of {where} refuses to {what}: {reason}',
    remedy: 'Correct what it names: the rights of the service account, or the definitions in k8s/crds.',
    retriable: false,
    status: 503,
  },
  KUBERNETES_ACCESS_UNUSABLE: {
    message: 'there is no way to {where}: {reason}',
    remedy: 'Run Isthmus in a pod with a service account, or name a kubeconfig file and one of its contexts.',
    retriable: false,
    status: 503,
  },
  KUBERNETES_POLICY_UNUSABLE: {
    message: '{policy} in {where} cannot close the listeners of clients: {reason}',
    remedy:
      'Correct the policies of the namespace, then look with `kubectl describe networkpolicy`. Nothing was changed.',
    retriable: false,
    status: 503,
  },
})
