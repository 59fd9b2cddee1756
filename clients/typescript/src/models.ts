// What is sent and answered. Made from the OpenAPI document by `python -m scripts.clients`: do not edit.

/** The events are stored, but for those of users and items that were deleted. */
export interface Accepted {
  /** How many of the events that were sent count. */
  accepted: number;
  /** How many of these repeat the user, item, kind and time of another one of the request. The last one counts, or they add up, as `same_time` of the kind says. */
  merged?: number;
  /** How many were not stored, because the user or the item was deleted: only a PUT brings it back. */
  ignored?: number;
  /** Why, for each event that was ignored. */
  reasons?: Array<Reason>;
}

/** What happened when: N buckets of time, the first beginning with the first event. */
export interface ActivityCounts {
  /** The snapshot that the answer was made from. */
  version: string;
  /** Of each bucket. */
  days: number;
  /** When each bucket begins, in milliseconds since 1970. */
  times: Array<number>;
  /** Events in each bucket, by kind, the most frequent kind first. */
  events: Record<string, Array<number>>;
  /** People who did anything in each bucket. */
  users: Array<number>;
  /** Items with which anything was done in each bucket. */
  items: Array<number>;
  /** Events by kind, whenever they were. */
  totals: Record<string, number>;
  /** Events whose time is not known: they are in no bucket. */
  undated: number;
  /** People with an event at any time. */
  active_users: number;
  /** Items with an event at any time; others are cold. */
  active_items: number;
  /** Items that there are. */
  all_items: number;
}

/** What users did. */
export interface Batch {
  /** Events, in any order. */
  events: Array<NewEvent>;
}

/** A path in the graph: you, an item you like, people who like it too, the item in question. */
export interface Because {
  /** Id of the item. */
  item: string;
  /** Title of the item; null where the data have none. */
  title: string | null;
  /** How many others like both this item and the one in question. */
  people: number;
  /** Cosine of the two items over all people, 0 to 1. */
  score: number;
}

/** A rule by which the score of these items is changed. */
export interface BoostRule {
  /** What the rule is called where it leaves out an item. */
  name: string;
  /** The attribute of items that `any_of`, a range or `shared_by` is about. */
  attribute?: string;
  /** Or the relation of links of items, such as `made_by`, that `any_of` or `shared_by` is about. */
  relation?: string;
  /** Items with one of these categories or tags, or linked to one of these nodes. */
  any_of?: Array<string>;
  /** Items with at least this number, or at this date at the earliest. */
  least?: number | string;
  /** Items with at most this number, or at this date at the latest. */
  most?: number | string;
  /** Items with at least so many times the mean number of the items of the question, such as those of a cart; without any, the rule says nothing. */
  least_times?: number;
  /** Items with at most so many times their mean number. */
  most_times?: number;
  /** Items whose date is one of so many last days, up to now. */
  within_days?: number;
  /** Items that share a value of the attribute with this attribute of the user, such as `languages`; the rule says nothing of a user without it. Takes effect with the next training. */
  of_user?: string;
  /** The attribute with the time from which on an item is available: ISO 8601 text, or a number of seconds or milliseconds since 1970. An item without it always was; one whose time cannot be read is not available. */
  available_from?: string;
  /** The one with the time from which on it no longer is. */
  available_until?: string;
  /** Items that share a value of the attribute, such as a brand, with an item that the user has an event of this kind on, such as `return`; of a relation, items linked to the same node as such an item, or, where it leads to items, linked with that item. */
  shared_by?: string;
  action: "boost";
  /** What the score is multiplied by. */
  factor?: number;
  /** What is then added to it. */
  add?: number;
}

/** What was listed by one snapshot. */
export interface ClickRate {
  /** Of the snapshot. */
  version: string;
  /** The first list, in milliseconds since 1970. */
  first: number;
  /** The last list, in milliseconds since 1970. */
  last: number;
  /** Who got them. */
  users: number;
  /** Items in the lists. */
  shown: number;
  /** Items of those with an event of the same user within 7 days, of any kind; of several lists with the item, the last one counts. */
  clicked: number;
}

/** How often what was listed was followed by an event, by snapshot. */
export interface ClickRates {
  /** Within which an event counts. */
  days: number;
  /** Whether the whole log was read; else its end, of what is not packed. */
  whole: boolean;
  /** What it needs, where there is nothing to count; else null. */
  missing: string | null;
  /** The latest snapshot first. */
  rates: Array<ClickRate>;
}

/** What one source adds to the score of an item: `weight` · `z_score`, 0 for the fallback, and what a learned ranker adds for it. */
export interface Contribution {
  /** A source of candidates; or of what a learned ranker adds: `attributes`, `history` or `time`. */
  source: string;
  /** Standard deviations by which the item's score of this source is above the mean over all items. */
  z_score: number;
  /** Weight of the source in the fusion. */
  weight: number;
  /** What is added: `weight` · `z_score`, and `learned`. */
  score: number;
  /** What a learned ranker adds for features of this source; 0 without one. */
  learned?: number;
}

/** The item or user is deleted. */
export interface Deleted {
  id: string;
  /** Whether anything of it was stored. */
  deleted: boolean;
}

/** The body of every answer that is not a success. */
export interface ErrorAnswer {
  error: ErrorDetail;
}

/** What went wrong. */
export interface ErrorDetail {
  /** For a program. */
  code: "unauthenticated" | "forbidden" | "too_many_requests" | "too_large" | "headers_too_large" | "too_slow" | "overloaded" | "foreign_origin" | "open_behind_proxy" | "misdirected" | "unknown_user" | "unknown_report" | "unknown_item" | "unknown_placement" | "no_embeddings" | "no_ratings" | "no_store" | "unknown_route" | "method_not_allowed" | "malformed_json" | "invalid_request" | "unknown_name" | "not_ready" | "snapshot_refused" | "refresh_running" | "locked" | "stale_cursor" | "not_forgotten" | "store_away" | "http_error" | "internal_error";
  /** For a person: subject, value, expectation, remedy. */
  message: string;
  /** The part of the request at fault, if it is one. */
  field?: string | null;
}

/** A rule by which these items are left out. */
export interface ExcludeRule {
  /** What the rule is called where it leaves out an item. */
  name: string;
  /** The attribute of items that `any_of`, a range or `shared_by` is about. */
  attribute?: string;
  /** Or the relation of links of items, such as `made_by`, that `any_of` or `shared_by` is about. */
  relation?: string;
  /** Items with one of these categories or tags, or linked to one of these nodes. */
  any_of?: Array<string>;
  /** Items with at least this number, or at this date at the earliest. */
  least?: number | string;
  /** Items with at most this number, or at this date at the latest. */
  most?: number | string;
  /** Items with at least so many times the mean number of the items of the question, such as those of a cart; without any, the rule says nothing. */
  least_times?: number;
  /** Items with at most so many times their mean number. */
  most_times?: number;
  /** Items whose date is one of so many last days, up to now. */
  within_days?: number;
  /** Items that share a value of the attribute with this attribute of the user, such as `languages`; the rule says nothing of a user without it. Takes effect with the next training. */
  of_user?: string;
  /** The attribute with the time from which on an item is available: ISO 8601 text, or a number of seconds or milliseconds since 1970. An item without it always was; one whose time cannot be read is not available. */
  available_from?: string;
  /** The one with the time from which on it no longer is. */
  available_until?: string;
  /** Items that share a value of the attribute, such as a brand, with an item that the user has an event of this kind on, such as `return`; of a relation, items linked to the same node as such an item, or, where it leads to items, linked with that item. */
  shared_by?: string;
  action: "exclude";
}

/** The experiments of the settings. */
export interface ExperimentList {
  /** By name. */
  experiments: Array<NamedExperiment>;
}

/** A visitor, known by the items that they like, and an item. */
export interface ExplainedSession {
  /** Ids of the items that they like; these are not recommended. */
  items: Array<string>;
  /** Their own, by name: a number, a category or tags, as those of users are. */
  attributes?: Record<string, boolean | number | string | Array<string | number> | null>;
  /** Ids of users whom they follow; they count where the model was trained with friends. */
  friends?: Array<string>;
  /** How many paths to give, and attributes in common. */
  k?: number;
  /** Id of the item in question. */
  item: string;
}

/** Why an item is, or is not, recommended. */
export interface Explanation {
  /** Id of the item. */
  item: string;
  /** Title of the item; null where the data have none. */
  title: string | null;
  /** Whether the item is left out because the user has seen it. */
  seen: boolean;
  /** Place in the user's list, from 1; null where it is left out, and for an item added after the snapshot was made. */
  rank: number | null;
  /** The list is ordered by it. */
  score: number;
  /** One for each source; they sum to `score`. */
  contributions: Array<Contribution>;
  /** The reason in one sentence. */
  reason: string;
  /** Paths in the graph, the best first. */
  because: Array<Because>;
  /** Categories and tags in common with items that they like, the most frequent first. */
  shared: Array<Shared>;
  /** What is unknown or doubtful in the request, in a sentence each. */
  warnings?: Array<string>;
}

/** The user is deleted. */
export interface ForgottenUser {
  id: string;
  /** Whether anything of them was stored. */
  deleted: boolean;
  /** When other processes on the same snapshots and store will have let go of them, if they load a snapshot as fast as this one; this one has. */
  others_by: string;
}

/** What a node of the graph has edges to. */
export interface GraphHop {
  /** The snapshot that the answer was made from. */
  version: string;
  /** How many there are. */
  total: number;
  /** How many people were looked at, the latest of them where there are very many; null where people are not what was asked about. */
  people: number | null;
  /** The strongest edges of each type first. */
  reached: Array<Reached>;
}

/** Something that a user did with an item. */
export interface HistoryEvent {
  /** Id of the item. */
  item: string;
  /** Title of the item; null where the data have none. */
  title: string | null;
  /** What they did, such as `purchase`. */
  kind: string;
  /** When, in milliseconds since 1970; null: not known. */
  time: number | null;
  /** False for what no longer counts, such as a purchase that was returned. */
  counted: boolean;
  /** As it was recorded, such as a rating; null where no graph store is there to ask. */
  value?: number | null;
}

/** A link that was not stored. */
export interface IgnoredLink {
  relation: string;
  type: string;
  id: string;
  reason: string;
}

/** An item, in a list of items. */
export interface Item {
  /** Id of the item. */
  item: string;
  /** Title of the item; null where the data have none. */
  title: string | null;
  /** How many people like it. */
  likes: number;
}

/** An item and its attributes. */
export interface ItemDetails {
  /** The snapshot that the answer was made from. */
  version: string;
  /** Id of the item. */
  item: string;
  /** Title of the item; null where the data have none. */
  title: string | null;
  /** How many people like it. */
  likes: number;
  /** All attributes but the title and vectors, by name; null where this item lacks it. */
  attributes: Record<string, number | string | Array<string> | null>;
}

/** A page of items. */
export interface ItemPage {
  /** The snapshot that the answer was made from. */
  version: string;
  /** The cursor of the next page; null on the last one. */
  next: string | null;
  /** The best first. */
  items: Array<Item>;
}

export type JsonValue = unknown;

/** What identifies an event; without a kind or a time, all events of the pair that have any. */
export interface KeyOfEvents {
  /** Id of the user. */
  user: string;
  /** Id of the item. */
  item: string;
  /** The kind of the event; by default any. */
  kind?: string | null;
  /** Its time; by default any. */
  time?: number | string | null;
}

/** Which events to take back. */
export interface KeysOfEvents {
  /** One or several. */
  events: Array<KeyOfEvents>;
}

/** A link from an item to another node. */
export interface Link {
  /** Such as `made_by`. */
  relation: string;
  /** Of the node: `item`, or one of your own. */
  type: string;
  /** Of the node. */
  id: string;
}

/** A metric of what lists are like, beside being right. */
export interface ListMetric {
  /** Its name in `metrics`, without the cut-off. */
  metric: string;
  title: string;
  meaning: string;
  /** Whether it is a share, 0 to 1, shown as per cent. */
  share: boolean;
}

/** The process runs. */
export interface Live {
  status?: "live";
}

/** Items as points, near each other where their embeddings are alike. */
export interface MapOfItems {
  /** The snapshot that the answer was made from. */
  version: string;
  /** Their ids, the most popular first. */
  items: Array<string>;
  /** Their titles; null: none. */
  titles: Array<string | null>;
  /** How many people like each. */
  likes: Array<number>;
  /** From -1 to 1. */
  x: Array<number>;
  /** From -1 to 1. */
  y: Array<number>;
  /** Items that there are, on the map or not. */
  all_items: number;
  /** Items that are on no map: they have no embedding, came since, or are not among the 10000 most popular. */
  not_mapped: number;
  /** Categories, tags and numbers that items have. */
  attributes: Array<string>;
  /** Of the attribute: the 8 most frequent ones, or 5 ranges of a number, ascending; empty without an attribute. */
  values: Array<string>;
  /** Whether the values are numbers, in ascending ranges. */
  ordered: boolean;
  /** Of each item, the place among these, of several tags the most frequent one; null: another value, or none; empty without an attribute. */
  value: Array<number | null>;
}

/** What a policy may do. */
export interface NamedAction {
  /** As exposures have it. */
  name: string;
  /** What is another here than for everyone. */
  settings: Record<string, unknown>;
  /** That it made, and that were learned from. */
  lists: number;
  /** Mean reward of these, as far as it came. */
  reward: number;
  /** The guard that it breaks, so that it is not taken; or null. */
  broken: string | null;
  /** Reward that is expected of a list for the user; null: nobody is named. */
  expected?: number | null;
  /** Standard deviation of that: how little is known. */
  deviation?: number | null;
  /** How likely it is to be taken for the user now. */
  chance?: number | null;
}

/** Variants that are tried at the same time. */
export interface NamedExperiment {
  /** As the settings have it. */
  name: string;
  /** Whether it runs now. */
  state: "waiting" | "running" | "over";
  /** Why nobody is in it although it runs; null otherwise. */
  reason: string | null;
  /** Placements that it is about, and `recommendations` for the lists that are of none; empty: all. */
  lists: Array<string>;
  /** Milliseconds since 1970; null: since the service started. */
  start: number | null;
  /** Milliseconds since 1970; null: open. */
  end: number | null;
  /** The users of no variant are not in it. */
  variants: Array<NamedVariant>;
  /** The most important one first. */
  goals: Array<NamedGoal>;
  /** Of the user who is asked about; null: none of them, or nobody is. */
  variant?: string | null;
}

/** What an experiment is judged by. */
export interface NamedGoal {
  /** As reports have it. */
  name: string;
  /** Kinds of events that are outcomes. */
  kinds: Array<string>;
  /** After an item was shown. */
  days: number;
}

/** A placement that can be asked. */
export interface NamedPlacement {
  /** As in its address. */
  name: string;
  /** How its items are found. */
  type: "for-you" | "similar" | "together" | "cart" | "trending" | "popular" | "new" | "recent" | "again";
  /** What must be given: items, a user, or nothing. */
  needs: "items" | "user" | "nothing";
  /** What the settings say of it, where that is not the default. */
  settings: Record<string, unknown>;
}

/** Actions, and what was learned of them. */
export interface NamedPolicy {
  /** As the settings have it. */
  name: string;
  /** False, by the settings or `graphrec policy off`: all get the first action. */
  enabled: boolean;
  /** How an action is chosen. */
  learner: "thompson" | "linucb";
  /** Placements that it is about, and `recommendations` for the lists that are of none; empty: all. */
  lists: Array<string>;
  /** Share of lists whose action is drawn evenly. */
  exploration: number;
  /** Lists. */
  learned_from: number;
  /** Time of the last of these, in milliseconds since 1970. */
  until: number | null;
  /** Why nothing is learned now; null: it is. */
  reason: string | null;
  /** The first one serves where no other may. */
  actions: Array<NamedAction>;
  /** That the user gets now; null: nobody is named. */
  action?: string | null;
  /** What the policy goes by for the user. */
  context?: Array<string>;
  /** Why the user gets it, in a sentence. */
  why?: string | null;
}

/** What a share of the users gets. */
export interface NamedVariant {
  /** As exposures have it. */
  name: string;
  /** Of the users, 0 to 1. */
  share: number;
  /** Whether the others are compared with it. */
  control: boolean;
  /** What is another here than for everyone. */
  settings: Record<string, unknown>;
}

/** What a user did with an item. */
export interface NewEvent {
  /** Id of the user, known or not. */
  user: string;
  /** Id of the item, known or not. */
  item: string;
  /** What they did; the settings say how much each kind counts. */
  kind: string;
  /** A rating, or a count. Below 0 for kinds of which the settings say what that means. */
  weight?: number;
  /** When: seconds, milliseconds, microseconds or nanoseconds since 1970, or ISO 8601; by default now. With a time, an event that is sent twice counts once. */
  time?: number | string | null;
}

/** The list of a placement. */
export interface Placed {
  /** The snapshot that the answer was made from. */
  version: string;
  /** Name of the placement. */
  placement: string;
  /** Id of the user; null for a visitor. */
  user: string | null;
  /** The best first. */
  recommendations: Array<Recommendation>;
  /** For each item, the placement that it comes from: this, or a fallback. */
  fallbacks?: Array<string>;
  /** Ids of items that are not known: the list is made without them. */
  unknown_items?: Array<string>;
  /** What is unknown or doubtful in the request, or why the list is empty, in a sentence each. */
  warnings?: Array<string>;
}

/** The same as a body, with rules of this request. */
export interface PlacementBody {
  /** In addition to those in the settings. */
  rules?: Array<RequireRule | ExcludeRule | BoostRule>;
  /** Id of the user, known or not; left out: a visitor. */
  user?: string | null;
  /** Ids of the items that the list stands beside, or of a visitor those that they like. */
  items?: Array<string>;
  /** Length of the list; left out: as the placement says. */
  k?: number | null;
  /** Only items with one of these values of an attribute. */
  where?: Record<string, Array<string>>;
  /** Whose popular or trending items are meant, such as a country; left out: the user's own. */
  segment?: string | null;
  /** Attributes of items to give with them; left out: as the placement says. */
  fields?: Array<string> | null;
  /** Of a visitor, by name. */
  attributes?: Record<string, boolean | number | string | Array<string | number> | null>;
  /** Settings of the placement that are otherwise in this list: of after, apart, caps, date, days, diversity, exclude, exclude_seen, exploration, exploration_by, kinds, min_support, new_items, similarity, weights. */
  changes?: Record<string, JsonValue>;
  /** Language of the reasons, such as `de`; English where there is no sentence in it. Settings may add languages, under `[reasons.LANGUAGE]`. */
  language?: string;
  /** Give what each source adds to each score. */
  explain?: boolean;
  /** Of `together` and `cart`: counted in the snapshot, or in the graph store as it is now. */
  by?: "snapshot" | "store";
}

/** The placements that can be asked. */
export interface Placements {
  /** By name. */
  placements: Array<NamedPlacement>;
}

/** The policies of the settings. */
export interface PolicyList {
  /** By name. */
  policies: Array<NamedPolicy>;
}

/** The most popular items. */
export interface PopularItems {
  /** The snapshot that the answer was made from. */
  version: string;
  /** The most popular first. */
  items: Array<Item>;
}

/** The attributes and links of an item. */
export interface PutItem {
  /** By name: a number, a text or category, true or false, a list of tags or of the numbers of a vector, or null to remove it. An attribute keeps its kind: a number in a category is a text, a single text in tags one tag. Attributes that are not named stay as they are. */
  attributes?: Record<string, boolean | number | string | Array<string | number> | null>;
  /** Added to the links that it has. Nodes that they name are added as well. */
  links?: Array<Link>;
}

/** The attributes of a user. */
export interface PutUser {
  /** By name: a number, a text or category, true or false, a list of tags or of the numbers of a vector, or null to remove it. An attribute keeps its kind: a number in a category is a text, a single text in tags one tag. Attributes that are not named stay as they are. */
  attributes?: Record<string, boolean | number | string | Array<string | number> | null>;
}

/** A node at the other end of an edge. */
export interface Reached {
  /** `people`: those who did something of kind `id` with the item. `value`: of an attribute. `linked`: what items are linked to, such as a brand. */
  type: "item" | "people" | "value" | "linked";
  /** Of the item or the linked node; the kind of events, or the value. */
  id: string;
  /** The title of an item, the attribute of a value, the relation of a linked node; null where there is none. */
  name: string | null;
  /** How many people are behind the edge; items that have a value or a link; events of a user. */
  count: number;
  /** The type of a linked node, such as `brand`; else null. */
  of?: string | null;
}

/** Recommendations can be given. */
export interface Readiness {
  /** The snapshot that the answer was made from. */
  version: string;
  /** Degraded where a part does not answer, or the settings name what is not there; recommendations are still given. */
  status: "ready" | "degraded";
  /** When the snapshot was published: ISO 8601, UTC. */
  created: string;
  /** Users, items and events in it. */
  counts: Record<string, number>;
  /** "ready", or the reason why not; a store, a stream and `online`, which is Redis, only where there is one. */
  parts: Record<string, string>;
  /** What is doubtful in the settings, such as values that no item has. */
  warnings?: Array<string>;
}

/** Why an event was not stored. */
export interface Reason {
  /** Of the event in the request, from 0. */
  index: number;
  reason: string;
}

/** A recommended item, and why. */
export interface Recommendation {
  /** Id of the item. */
  item: string;
  /** Title of the item; null where the data have none. */
  title: string | null;
  /** The list is ordered by it; 0 for an item that only fills the list up. */
  score: number;
  /** The sources that add to the score. */
  sources: Array<string>;
  /** The reason in one sentence. */
  reason: string;
  /** Paths in the graph, the best first. */
  because: Array<Because>;
  /** One for each source; they sum to `score`. Null unless the request sets `explain`. */
  contributions: Array<Contribution> | null;
  /** Of an item drawn by exploration: its probability of being drawn, given the items before it. Null for all others. */
  propensity?: number | null;
  /** What the reason is called, such as `liked-together`. */
  reason_code?: string;
  /** What the sentence of the reason names, such as `people`. */
  reason_values?: Record<string, string | number>;
  /** Attributes of the item that the placement gives; null without any, as in a list that is no placement. */
  fields?: Record<string, number | string | Array<string> | Vector | null> | null;
}

/** The main figures of a refresh, as its report has them. */
export interface Refreshed {
  /** The version, or the time of a refused run. */
  name: string;
  /** When it began or was published: ISO 8601, UTC. */
  time: string;
  /** Such as published or refused; null: not by a refresh. */
  verdict: string | null;
  /** Users, items and events. */
  counts: Record<string, number>;
  /** Whose metrics these are; null: none was measured. */
  model: string | null;
  /** On the test; null: not measured. */
  ndcg: number | null;
  /** Share of items in any list of the test; null: unknown. */
  coverage: number | null;
}

/** The latest refreshes. */
export interface Refreshes {
  /** The latest first. */
  refreshes: Array<Refreshed>;
}

/** An item beside another one. */
export interface Related {
  /** Id of the item. */
  item: string;
  /** Title of the item; null where the data have none. */
  title: string | null;
  /** Cosine: of who likes both, or of the two embeddings. */
  score: number;
  /** How many like both; null where embeddings are compared. */
  people: number | null;
}

/** The items most like an item. */
export interface RelatedItems {
  /** The snapshot that the answer was made from; by store, the one that serves. */
  version: string;
  /** Id of the item. */
  item: string;
  /** How they were found. */
  by: "graph" | "embedding" | "store";
  /** The most similar first. */
  related: Array<Related>;
  /** By store: how many like the item; null where nothing was found. */
  degree?: number | null;
  /** By store: how many of them were counted, the latest; fewer than `degree` where very many like the item. */
  counted?: number | null;
}

/** A rule by which all other items are left out. */
export interface RequireRule {
  /** What the rule is called where it leaves out an item. */
  name: string;
  /** The attribute of items that `any_of`, a range or `shared_by` is about. */
  attribute?: string;
  /** Or the relation of links of items, such as `made_by`, that `any_of` or `shared_by` is about. */
  relation?: string;
  /** Items with one of these categories or tags, or linked to one of these nodes. */
  any_of?: Array<string>;
  /** Items with at least this number, or at this date at the earliest. */
  least?: number | string;
  /** Items with at most this number, or at this date at the latest. */
  most?: number | string;
  /** Items with at least so many times the mean number of the items of the question, such as those of a cart; without any, the rule says nothing. */
  least_times?: number;
  /** Items with at most so many times their mean number. */
  most_times?: number;
  /** Items whose date is one of so many last days, up to now. */
  within_days?: number;
  /** Items that share a value of the attribute with this attribute of the user, such as `languages`; the rule says nothing of a user without it. Takes effect with the next training. */
  of_user?: string;
  /** The attribute with the time from which on an item is available: ISO 8601 text, or a number of seconds or milliseconds since 1970. An item without it always was; one whose time cannot be read is not available. */
  available_from?: string;
  /** The one with the time from which on it no longer is. */
  available_until?: string;
  /** Items that share a value of the attribute, such as a brand, with an item that the user has an event of this kind on, such as `return`; of a relation, items linked to the same node as such an item, or, where it leads to items, linked with that item. */
  shared_by?: string;
  action: "require";
}

/** Which version to go back to. */
export interface RollbackRequest {
  /** By default the newest one before the current. */
  to?: string | null;
}

/** An item that a user has seen. */
export interface SeenItem {
  /** Id of the item. */
  item: string;
  /** Title of the item; null where the data have none. */
  title: string | null;
  /** Whether they like it. Seen items are left out of their list. */
  liked: boolean;
}

/** A visitor, known by the items that they like, and how their list is requested. */
export interface Session {
  /** Ids of the items that they like; these are not recommended. */
  items: Array<string>;
  /** Their own, by name: a number, a category or tags, as those of users are. */
  attributes?: Record<string, boolean | number | string | Array<string | number> | null>;
  /** Ids of users whom they follow; they count where the model was trained with friends. */
  friends?: Array<string>;
  /** Length of the list. */
  k?: number;
  /** Leave out the items that the user has seen. */
  exclude_seen?: boolean;
  /** Nothing but these items. */
  allow?: Array<string> | null;
  /** None of these items. */
  deny?: Array<string>;
  /** From 0, by score alone, to 1, as different from each other as possible (maximal marginal relevance). */
  diversity?: number;
  /** Share of places given to items drawn at random, each with its probability of being drawn (epsilon-greedy). */
  exploration?: number;
  /** How they are drawn: all with the same probability (epsilon), or each with the probability that it is the item liked by the largest share of those who have seen it (thompson, Thompson sampling). */
  exploration_by?: "epsilon" | "thompson";
  /** The segment whose popular items a user without a history gets, such as a country: a value of the attribute in the setting `retrieval.popular_by`. By default the user's own. */
  segment?: string | null;
  /** Give what each source adds to each score. */
  explain?: boolean;
  /** Language of the reasons, such as `de`; English where there is no sentence in it. Settings may add languages, under `[reasons.LANGUAGE]`. */
  language?: string;
  /** In addition to those in the settings. */
  rules?: Array<RequireRule | ExcludeRule | BoostRule>;
}

/** Why an item is, or is not, recommended to a visitor. */
export interface SessionExplanation {
  /** The snapshot that the answer was made from. */
  version: string;
  explanation: Explanation;
}

/** The items recommended to a visitor. */
export interface SessionRecommendations {
  /** The snapshot that the answer was made from. */
  version: string;
  /** The best first. */
  recommendations: Array<Recommendation>;
  /** Ids in `items` that are not known: the list is made without them. */
  unknown_items?: Array<string>;
  /** Ids in `friends` of whom nothing is known. */
  unknown_friends?: Array<string>;
  /** What is unknown or doubtful in the request, or why the list is empty, in a sentence each. */
  warnings?: Array<string>;
}

/** What became of an item in the list of a visitor. */
export interface SessionWhyNot {
  /** The snapshot that the answer was made from. */
  version: string;
  /** Id of the item. */
  item: string;
  /** Title of the item; null where the data have none. */
  title: string | null;
  /** ranked, or why not: not_retrieved by any source, so that it only fills lists up; seen; disliked not long ago; ruled_out by a rule; deleted; new since the snapshot was made. */
  verdict: "seen" | "disliked" | "deleted" | "ruled_out" | "not_retrieved" | "ranked" | "new";
  /** Name of the first rule that leaves the item out. */
  rule: string | null;
  /** From 1: a list has the item if it is at least so long. Null where no list has it. */
  rank: number | null;
  /** Lists are ordered by it; null without a rank. */
  score: number | null;
  /** Where each source ranks the item. */
  sources: Array<SourceRank>;
  /** What is unknown or doubtful in the request, in a sentence each. */
  warnings?: Array<string>;
}

/** A category or tag of an item that items you like have too. */
export interface Shared {
  /** Such as `genres`. */
  attribute: string;
  /** Such as `Horror`. */
  value: string;
  /** How many of the items that they like have it. */
  items: number;
}

/** An item that two users like. */
export interface SharedItem {
  /** Id of the item. */
  item: string;
  /** Title of the item; null where the data have none. */
  title: string | null;
}

/** A user similar to another one. */
export interface SimilarUser {
  /** Id of the user. */
  user: string;
  /** Cosine of the two users over all items, 0 to 1. */
  score: number;
  /** How many items both like. */
  items: number;
  /** Up to 3 of these, those first that fewest others like: they say most. */
  shared: Array<SharedItem>;
  /** Attributes that both have with the same value, of those that are kept. */
  attributes: Record<string, number | string | Array<string> | null>;
}

/** The users most similar to a user. */
export interface SimilarUsers {
  /** The snapshot that the answer was made from. */
  version: string;
  /** Id of the user. */
  user: string;
  /** The most similar first. */
  similar: Array<SimilarUser>;
}

/** Which snapshot serves now, and which one did. */
export interface SnapshotChange {
  /** The snapshot that serves from now on. */
  version: string;
  /** The one that served before; null where none did. */
  previous: string | null;
}

/** The snapshot that the service answers from. */
export interface SnapshotFacts {
  /** The snapshot that the answer was made from. */
  version: string;
  /** When it was published: ISO 8601, UTC. */
  created: string;
  /** How long ago that was. */
  age_seconds: number;
  /** The latest event in it, in milliseconds since 1970; null where it has none. */
  newest_event: number | null;
  /** The version of graphrec that built it. */
  graphrec: string;
  /** The seed of everything random in it. */
  seed: number;
  /** Users, items and events in it. */
  counts: Record<string, number>;
  /** The hyper-parameters of the models in it, by name. */
  models: Record<string, Record<string, JsonValue>>;
  /** Weights of the sources, as chosen in training, by how many items users like. */
  weights: Array<Weights>;
  /** How a learned ranker did beside these weights on validation, and which of the two serves, in a sentence; null where none was asked for. */
  ranker: string | null;
  /** The models that `graphrec train` compared: metrics with their 95 % intervals, by model; empty where it compared none. */
  metrics: Record<string, unknown>;
  /** Which of these say what lists are like, beside being right. */
  list_metrics: Array<ListMetric>;
}

/** The published snapshots. */
export interface SnapshotList {
  /** The snapshot that serves; null where none does. */
  version: string | null;
  /** The canary, which serves a share of users; null where there is none. */
  canary: string | null;
  /** Why the current snapshot does not serve; null where it does. */
  refused: string | null;
  /** All that are published, the oldest first. */
  versions: Array<string>;
}

/** Where one source ranks an item, retrieved or not. */
export interface SourceRank {
  /** A source of candidates. */
  source: string;
  /** Whether the item is among the candidates of the source. */
  retrieved: boolean;
  /** From 1, among all items that may be recommended; ties by row. */
  rank: number;
  /** Standard deviations by which the item's score of this source is above the mean over all items. */
  z_score: number;
  /** Weight of the source in the fusion. */
  weight: number;
}

/** The item or user is stored. */
export interface Stored {
  id: string;
  /** Links that were not stored: the item they name was deleted. */
  ignored_links?: Array<IgnoredLink>;
}

/** The events are gone. */
export interface TakenBack {
  /** How many of them there were. */
  deleted: number;
}

/** A user, in a list of users. */
export interface User {
  /** Id of the user. */
  user: string;
  /** How many items they like. */
  likes: number;
}

/** How the list of a user is requested, with rules of its own. */
export interface UserBody {
  /** Length of the list. */
  k?: number;
  /** Leave out the items that the user has seen. */
  exclude_seen?: boolean;
  /** Nothing but these items. */
  allow?: Array<string> | null;
  /** None of these items. */
  deny?: Array<string>;
  /** From 0, by score alone, to 1, as different from each other as possible (maximal marginal relevance). */
  diversity?: number;
  /** Share of places given to items drawn at random, each with its probability of being drawn (epsilon-greedy). */
  exploration?: number;
  /** How they are drawn: all with the same probability (epsilon), or each with the probability that it is the item liked by the largest share of those who have seen it (thompson, Thompson sampling). */
  exploration_by?: "epsilon" | "thompson";
  /** The segment whose popular items a user without a history gets, such as a country: a value of the attribute in the setting `retrieval.popular_by`. By default the user's own. */
  segment?: string | null;
  /** Give what each source adds to each score. */
  explain?: boolean;
  /** Language of the reasons, such as `de`; English where there is no sentence in it. Settings may add languages, under `[reasons.LANGUAGE]`. */
  language?: string;
  /** Only events of these kinds are their history. */
  kinds?: Array<string> | null;
  /** Only events before this time are: seconds, milliseconds, microseconds or nanoseconds since 1970, or ISO 8601. The snapshot may have been trained on later events of other people. */
  as_of?: number | string | null;
  /** In addition to those in the settings. */
  rules?: Array<RequireRule | ExcludeRule | BoostRule>;
}

/** A user and a page of the items that they have seen. */
export interface UserDetails {
  /** The snapshot that the answer was made from. */
  version: string;
  /** The cursor of the next page; null on the last one. */
  next: string | null;
  /** Id of the user. */
  user: string;
  /** How many items they like. */
  likes: number;
  /** How many items they have seen, liked or not. */
  seen: number;
  /** Items that they have seen: those they like first, then the most popular. */
  history: Array<SeenItem>;
  /** Attributes of the user but for vectors, by name: those in the store, where there is one, else those that the model keeps. */
  attributes: Record<string, number | string | Array<string> | null>;
}

/** A page of what a user did. */
export interface UserEventPage {
  /** The snapshot that the answer was made from. */
  version: string;
  /** The cursor of the next page; null on the last one. */
  next: string | null;
  /** Id of the user. */
  user: string;
  /** The latest first. */
  events: Array<HistoryEvent>;
}

/** Why an item is, or is not, recommended to a user. */
export interface UserExplanation {
  /** The snapshot that the answer was made from. */
  version: string;
  /** Id of the user. */
  user: string;
  explanation: Explanation;
}

/** A page of users. */
export interface UserPage {
  /** The snapshot that the answer was made from. */
  version: string;
  /** The cursor of the next page; null on the last one. */
  next: string | null;
  /** The best first. */
  users: Array<User>;
}

/** What a user would give an item, on the scale of the ratings in the data. */
export interface UserRating {
  /** The snapshot that the answer was made from. */
  version: string;
  user: string;
  item: string;
  rating: number;
  low: number;
  high: number;
  basis: "model" | "user" | "item" | "mean";
  model: string;
  user_ratings: number;
  item_ratings: number;
  note?: string | null;
  /** Title of the item, where it has one. */
  title?: string | null;
}

/** The items recommended to a user. */
export interface UserRecommendations {
  /** The snapshot that the answer was made from. */
  version: string;
  /** Id of the user, known to the snapshot or not. */
  user: string;
  /** The best first. */
  recommendations: Array<Recommendation>;
  /** What is unknown or doubtful in the request, or why the list is empty, in a sentence each. */
  warnings?: Array<string>;
}

/** What became of an item in the list of a user. */
export interface UserWhyNot {
  /** The snapshot that the answer was made from. */
  version: string;
  /** Id of the item. */
  item: string;
  /** Title of the item; null where the data have none. */
  title: string | null;
  /** ranked, or why not: not_retrieved by any source, so that it only fills lists up; seen; disliked not long ago; ruled_out by a rule; deleted; new since the snapshot was made. */
  verdict: "seen" | "disliked" | "deleted" | "ruled_out" | "not_retrieved" | "ranked" | "new";
  /** Name of the first rule that leaves the item out. */
  rule: string | null;
  /** From 1: a list has the item if it is at least so long. Null where no list has it. */
  rank: number | null;
  /** Lists are ordered by it; null without a rank. */
  score: number | null;
  /** Where each source ranks the item. */
  sources: Array<SourceRank>;
  /** What is unknown or doubtful in the request, in a sentence each. */
  warnings?: Array<string>;
  /** Id of the user, known to the snapshot or not. */
  user: string;
}

/** Finite numbers in single precision; equal vectors have equal bytes. */
export interface Vector {
  content: string;
}

/** The weights of the sources for users who like at least so many items. */
export interface Weights {
  /** The least; the next group begins where this one ends. */
  least: number;
  /** By source. */
  weights: Record<string, number>;
  /** How many users they were chosen on; 0: they are those chosen on all users. */
  people: number;
}

/** A visitor, known by the items that they like, and an item. */
export interface WhyNotSession {
  /** Ids of the items that they like; these are not recommended. */
  items: Array<string>;
  /** Their own, by name: a number, a category or tags, as those of users are. */
  attributes?: Record<string, boolean | number | string | Array<string | number> | null>;
  /** Ids of users whom they follow; they count where the model was trained with friends. */
  friends?: Array<string>;
  /** Leave out the items that the user has seen. */
  exclude_seen?: boolean;
  /** Nothing but these items. */
  allow?: Array<string> | null;
  /** None of these items. */
  deny?: Array<string>;
  /** In addition to those in the settings. */
  rules?: Array<RequireRule | ExcludeRule | BoostRule>;
  /** Id of the item in question. */
  item: string;
}
