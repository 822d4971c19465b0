/**
 * The closed list of reasons. Conditions, causes and events of all kinds take theirs from here; doors translate them one to
 * one; docs/reference/reasons.md is made from it. A retired reason is never used again for something else.
 *
 * `heals` decides how a pass ends: what heals is waited for (condition Reconciling), what does not is stalled until somebody has
 * acted (condition Stalled). It says whether a person is needed, not whether the hub looks: it also looks again by itself where it
 * cannot be told, as for an engine that somebody installs.
 */
import type { Actor } from './actors.ts'

export interface ReasonFacts {
  /** `author`: whoever wrote the object; a consumer for Claims, the platform for every other kind. */
  readonly actor: Actor | 'author'
  /** Nobody needs to do anything. */
  readonly heals: boolean
  readonly meaning: string
  /** What to do. `{kind}`, `{name}`, `{namespace}` and `{-n}` (` -n NAMESPACE`, or nothing) are filled in. */
  readonly next: string
}

const see = 'Nothing to do; follow it with `kubectl get {kind} {name}{-n} -w`.'

export const reasons = {
  Ready: { actor: 'author', heals: true, meaning: 'It is as last asked and can be used.', next: 'Nothing to do.' },
  Progressing: { actor: 'platform', heals: true, meaning: 'The hub has begun and is not done.', next: see },
  InternalError: {
    actor: 'platform',
    heals: true,
    meaning: 'The hub met something that it was not written for. It tries again; the log has the whole chain.',
    next: 'If it stays, look into the log of the hub for this object and report it.',
  },
  ApiRefused: {
    actor: 'platform',
    heals: true,
    meaning: 'The Kubernetes API refuses what the hub must do. The hub tries again.',
    next: 'Look whether the hub has the rights that the message names.',
  },
  ApiUnreachable: {
    actor: 'platform',
    heals: true,
    meaning: 'The hub cannot reach the Kubernetes API.',
    next: 'Wait; if it stays, look whether the API runs.',
  },
  NotSupportedYet: {
    actor: 'author',
    heals: false,
    meaning: 'A field is set that this version of Larder knows and does not act on. It is refused rather than ignored.',
    next: 'Take the field out, or use a version of Larder that acts on it.',
  },

  // Claims
  ClassNotFound: {
    actor: 'consumer',
    heals: false,
    meaning: 'There is no class of that name that this namespace may claim.',
    next: 'Choose one of those that `kubectl get classes` lists, or ask the platform team for it.',
  },
  ClassNotOffered: {
    actor: 'consumer',
    heals: false,
    meaning: 'The class takes no new claims; those that exist go on.',
    next: 'Choose another class, or ask the platform team.',
  },
  PlanNotFound: {
    actor: 'consumer',
    heals: false,
    meaning: 'The class has no plan of that name.',
    next: 'Set spec.plan to one of those that the message names.',
  },
  PlanRequired: {
    actor: 'consumer',
    heals: false,
    meaning: 'The class has several plans and no default.',
    next: 'Set spec.plan to one of those that the message names.',
  },
  PlanNotOffered: {
    actor: 'consumer',
    heals: false,
    meaning: 'The plan takes no new claims; those that exist go on.',
    next: 'Set spec.plan to another one.',
  },
  PlanNotBindable: {
    actor: 'consumer',
    heals: false,
    meaning: 'The plan gives no credentials, so that it cannot be claimed.',
    next: 'Set spec.plan to another one.',
  },
  PlanNotUpdatable: {
    actor: 'consumer',
    heals: false,
    meaning: 'The backend cannot move a service from or to that plan. The service stays as it is.',
    next: 'Set spec.plan back, or make a new claim with the other plan.',
  },
  RoleNotFound: {
    actor: 'consumer',
    heals: false,
    meaning: 'The class has no role of that name.',
    next: 'Set spec.role to one of those that the message names.',
  },
  RoleRequired: {
    actor: 'consumer',
    heals: false,
    meaning: 'The class has several roles and no default.',
    next: 'Set spec.role to one of those that the message names.',
  },
  ParametersInvalid: {
    actor: 'consumer',
    heals: false,
    meaning: "The parameters do not fit the class's schema, or set what the plan fixes.",
    next: 'Correct the fields that the message names.',
  },
  BindingNameTaken: {
    actor: 'consumer',
    heals: false,
    meaning: 'A Secret of the name of the binding exists that this claim did not make. It is never overwritten.',
    next: 'Set spec.binding.name to a free name, or delete that Secret.',
  },
  InstanceHeld: {
    actor: 'platform',
    heals: true,
    meaning:
      'The instance is held by another claim, or an older claim waits for it. When it is released it goes to the oldest claim that waits.',
    next: 'Wait, or claim something else.',
  },
  InstanceNotFound: {
    actor: 'platform',
    heals: false,
    meaning: 'There is no instance of that name that this namespace may claim. The claim goes on when there is one.',
    next: 'Correct spec.instanceRef in a new claim, or ask whoever makes the instance.',
  },
  InstanceShared: {
    actor: 'consumer',
    heals: false,
    meaning:
      'Plan and parameters of an instance that claims share cannot be changed by one of them. It stays as it is.',
    next: 'Set spec.plan and spec.parameters back, or make a new claim that asks for others.',
  },
  Recycling: {
    actor: 'provider',
    heals: true,
    meaning: 'The service is being wiped before the next claim may have it.',
    next: see,
  },
  PoolExhausted: {
    actor: 'platform',
    heals: true,
    meaning:
      'Everything in the pool that this namespace may hold is held. What is released goes to the oldest claim that waits.',
    next: 'Wait, or ask the platform team for more.',
  },
  PoolEmpty: {
    actor: 'platform',
    heals: false,
    meaning: 'The pool has nothing that this namespace may hold.',
    next: 'Ask the platform team: it adds something to the pool, or a ClaimPolicy where that lives.',
  },
  NotPermitted: {
    actor: 'platform',
    heals: false,
    meaning:
      'What is claimed lives in another namespace, and no ClaimPolicy there permits this claim. That it exists is not said.',
    next: 'Ask whoever owns that namespace for a ClaimPolicy; the claim goes on by itself when there is one.',
  },
  ResourceNotFound: {
    actor: 'platform',
    heals: false,
    meaning: 'The object that is claimed does not exist, or no longer does. The claim goes on when it does again.',
    next: 'Create the object, or delete the claim.',
  },
  ResourceHeld: {
    actor: 'platform',
    heals: true,
    meaning:
      'The object that is claimed is held by another claim. When it is released it goes to the oldest claim that waits.',
    next: 'Wait, or claim something else.',
  },
  ResourceNotReady: {
    actor: 'provider',
    heals: true,
    meaning: 'The object that is claimed has no credentials yet.',
    next: see,
  },
  InstanceLost: {
    actor: 'consumer',
    heals: false,
    meaning:
      'The instance that the claim held was deleted. The hub never replaces it in silence, because its data is gone.',
    next: 'Delete the claim and make another.',
  },
  InstanceDeleting: {
    actor: 'consumer',
    heals: false,
    meaning:
      'The instance of the claim is being deleted. It works for as long as the claim is there, and then goes with its data. A deletion cannot be taken back.',
    next: 'Move what you need to another claim, then delete this one.',
  },
  NamespaceTerminating: {
    actor: 'consumer',
    heals: false,
    meaning: 'The namespace is being deleted, so that nothing new can be made in it.',
    next: 'Claim in another namespace.',
  },
  Provisioning: {
    actor: 'provider',
    heals: true,
    meaning: 'The service is being made.',
    next: see,
  },
  Binding: { actor: 'provider', heals: true, meaning: 'The credentials are being made.', next: see },
  BindingFailed: {
    actor: 'provider',
    heals: false,
    meaning: 'The backend refuses to make the credentials.',
    next: 'Ask the platform team; the message is what the backend says.',
  },

  // Instances
  Provisioned: {
    actor: 'provider',
    heals: true,
    meaning: 'The service exists and can be used; the reason of the condition Provisioned while it is True.',
    next: 'Nothing to do.',
  },
  ServiceLost: {
    actor: 'platform',
    heals: false,
    meaning: 'The service was made and is gone outside. The hub never makes an empty one in its place in silence.',
    next: 'Bring the service back, or delete the claim and make another.',
  },
  Creating: { actor: 'provider', heals: true, meaning: 'The backend makes the service.', next: see },
  Updating: { actor: 'provider', heals: true, meaning: 'The backend changes the service.', next: see },
  Recovering: {
    actor: 'provider',
    heals: true,
    meaning: 'The service stopped to answer, though nobody asked for a change, and is being brought back.',
    next: see,
  },
  Deleting: { actor: 'provider', heals: true, meaning: 'The service or its credentials are being removed.', next: see },
  Unbinding: { actor: 'provider', heals: true, meaning: 'The credentials are being revoked.', next: see },
  ProvisioningFailed: {
    actor: 'provider',
    heals: false,
    meaning: 'The backend has given up making or changing the service.',
    next: 'Correct what the message names; the hub then tries again.',
  },
  ProvisioningRetried: {
    actor: 'provider',
    heals: true,
    meaning: 'The backend failed to make or change the service, and the hub tries again.',
    next: 'If it stays, correct what the message names.',
  },
  UpdateNotSupported: {
    actor: 'author',
    heals: false,
    meaning: 'The service differs from what is asked, and its driver cannot change it. It stays as it is.',
    next: 'Set the fields back, or make a new one.',
  },
  ChangeLosesData: {
    actor: 'author',
    heals: false,
    meaning:
      'The backend could make the change only by making the service anew or by removing something of it. The service stays as it is.',
    next: 'Set the fields back, make a new one, or accept the loss with the annotation that the message names.',
  },
  DeletionProtected: {
    actor: 'platform',
    heals: false,
    meaning: 'The instance is to be deleted and is protected from that. Service and data stay.',
    next: 'Set spec.deletionProtection of the instance to false, and it goes.',
  },
  Paused: {
    actor: 'platform',
    heals: false,
    meaning: 'The instance is paused: the hub neither changes nor removes its service.',
    next: 'Take spec.paused away when the hub shall go on.',
  },
  WipeNotSupported: {
    actor: 'platform',
    heals: false,
    meaning: 'The driver cannot wipe a service, so that none can be recycled for the next claim.',
    next: 'Set spec.reclaimPolicy to Delete or Retain.',
  },
  ServiceNotFound: {
    actor: 'platform',
    heals: false,
    meaning: 'The service that is to be adopted or observed does not exist outside. The hub makes none in its place.',
    next: 'Correct spec.externalName or spec.externalID, bring the service back, or set spec.existing to AdoptOrCreate.',
  },
  SecretNotFound: {
    actor: 'author',
    heals: false,
    meaning: 'A Secret with a parameter does not exist, or does not have the key. The hub goes on when it does.',
    next: 'Create the Secret and the key that the message names.',
  },
  NameTaken: {
    actor: 'platform',
    heals: false,
    meaning: 'Something of that name exists outside and is not ours. It is left alone.',
    next: 'Choose another name, or remove what is there.',
  },
  RevisionNotFound: {
    actor: 'platform',
    heals: false,
    meaning: 'The ControllerRevision with the recipe of the instance is gone.',
    next: 'Set spec.revision to one that exists in larder-system.',
  },

  // Backends, and what everything on them says when they fail
  BackendNotFound: {
    actor: 'platform',
    heals: false,
    meaning: 'There is no Backend of that name.',
    next: 'Create the Backend, or correct the name.',
  },
  BackendDenied: {
    actor: 'platform',
    heals: true,
    meaning: 'The backend refuses the account. The hub asks again from time to time.',
    next: 'Give the account of the Backend the rights that it lacks: the message names them, or the status of the Backend.',
  },
  BackendUnavailable: {
    actor: 'provider',
    heals: true,
    meaning: 'The backend does not answer, or asks to come later.',
    next: 'Wait; if it stays, look whether the backend runs and can be reached.',
  },
  BackendThrottled: {
    actor: 'provider',
    heals: true,
    meaning: 'The backend limits the rate of requests. The hub waits as long as it was told.',
    next: 'Wait.',
  },
  BackendBusy: {
    actor: 'provider',
    heals: true,
    meaning: 'The backend works on as many requests as the hub sends at a time. This one keeps its place in the line.',
    next: see,
  },
  BackendBlocked: {
    actor: 'platform',
    heals: true,
    meaning: 'Something else must happen first. The hub tries again by itself.',
    next: 'See to what the message names.',
  },
  DriverNotFound: {
    actor: 'platform',
    heals: false,
    meaning: 'The hub has no driver of that name.',
    next: 'Correct spec.driver of the Backend, or start a hub that has the driver.',
  },
  DriverFailed: {
    actor: 'platform',
    heals: true,
    meaning: 'The driver broke its contract. The hub tries again.',
    next: 'If it stays, report it to the author of the driver.',
  },
  ConfigInvalid: {
    actor: 'platform',
    heals: false,
    meaning: "The configuration of the Backend does not fit its driver's schema.",
    next: 'Correct the fields that the status of the Backend names.',
  },
  CredentialsNotFound: {
    actor: 'platform',
    heals: false,
    meaning: 'The Secret with the account of the Backend does not exist.',
    next: 'Create the Secret that the Backend, or the instance, names in spec.credentialsRef.',
  },

  // Classes
  SchemaInvalid: {
    actor: 'platform',
    heals: false,
    meaning: 'The schema of the parameters is not a structural schema.',
    next: 'Correct the fields that the message names.',
  },
  RecipeInvalid: {
    actor: 'platform',
    heals: false,
    meaning: "The recipe does not fit the driver's schema, or the driver refuses it.",
    next: 'Correct the fields that the message names.',
  },
  SelectorInvalid: {
    actor: 'platform',
    heals: false,
    meaning: 'A label selector is one that Kubernetes refuses, and selects nothing.',
    next: 'Correct the field that the message names.',
  },
  EngineMissing: {
    actor: 'platform',
    heals: false,
    meaning: 'A program that the recipe needs is not on this machine. The hub looks again from time to time.',
    next: 'Install it as the message says.',
  },
  PortTaken: {
    actor: 'platform',
    heals: true,
    meaning: 'A port that belongs to the service is taken by somebody else. The hub tries again.',
    next: 'Stop what holds the port that the message names.',
  },
  EngineDied: {
    actor: 'platform',
    heals: true,
    meaning: 'The program of the service ends soon after its start. The hub starts it again, ever more slowly.',
    next: 'Correct what the last lines of its output say.',
  },
  EngineNotReady: {
    actor: 'platform',
    heals: true,
    meaning: 'The program of the service runs and does not answer.',
    next: 'Wait; if it stays, look into its output.',
  },
  DiskFull: {
    actor: 'platform',
    heals: true,
    meaning: 'The disk of the service is full.',
    next: 'Make room on the disk that the message names.',
  },
  FolderNotAccessible: {
    actor: 'platform',
    heals: false,
    meaning: 'The account of the service cannot reach its folder.',
    next: 'Give it the rights to the folder that the message names.',
  },
  InUse: {
    actor: 'platform',
    heals: true,
    meaning: 'It is being deleted and still used. It takes no new claims and goes with the last user.',
    next: 'Look with `kubectl get classes,instances,claims -A` at what uses it; delete that, or leave it to go later.',
  },
} as const satisfies Record<string, ReasonFacts>

export type Reason = keyof typeof reasons

/** Words of drivers that have a reason of their own here; others are told in the message alone. */
const WORDS: Readonly<Record<string, Reason>> = {
  EngineMissing: 'EngineMissing',
  PortTaken: 'PortTaken',
  EngineDied: 'EngineDied',
  NotReady: 'EngineNotReady',
  DiskFull: 'DiskFull',
  FolderNotAccessible: 'FolderNotAccessible',
  InvalidRecipe: 'RecipeInvalid',
}

/** Our reason for the word of a driver. */
export const reasonOfWord = (word: string | undefined, otherwise: Reason): Reason =>
  word !== undefined && Object.hasOwn(WORDS, word) ? WORDS[word]! : otherwise

export const isReason = (word: string): word is Reason => Object.hasOwn(reasons, word)
