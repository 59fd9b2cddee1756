// The client. Made from the OpenAPI document by `python -m scripts.clients`: do not edit.

import type * as models from "./models.js";
import { segment, Transport, type CallOptions, type ClientOptions } from "./transport.js";

/** A service at a URL, such as `http://localhost:8000`. Methods throw `ClientError`. */
export class Client {
  readonly #transport: Transport;

  constructor(url: string, options: ClientOptions = {}) {
    this.#transport = new Transport(url, options);
  }

  /** The best items that the user has not seen; popular ones where the user is unknown. */
  userRecommendations(userId: string, query: { k?: number; exclude_seen?: boolean; allow?: Array<string> | null; deny?: Array<string>; diversity?: number; exploration?: number; exploration_by?: "epsilon" | "thompson"; segment?: string | null; explain?: boolean; language?: string; kinds?: Array<string> | null; as_of?: number | string | null; } = {}, options: CallOptions = {}): Promise<models.UserRecommendations> {
    return this.#transport.send(
      "GET", `/v1/users/${segment(userId)}/recommendations`, query, undefined, true, options,
    ) as Promise<models.UserRecommendations>;
  }

  /** The same, with rules of this request; nothing is stored. */
  userRecommendationsByRules(userId: string, body: models.UserBody, options: CallOptions = {}): Promise<models.UserRecommendations> {
    return this.#transport.send(
      "POST", `/v1/users/${segment(userId)}/recommendations`, {}, body, true, options,
    ) as Promise<models.UserRecommendations>;
  }

  /** The best items for a visitor who likes these items; popular ones without any. */
  sessionRecommendations(body: models.Session, options: CallOptions = {}): Promise<models.SessionRecommendations> {
    return this.#transport.send(
      "POST", `/v1/recommendations`, {}, body, true, options,
    ) as Promise<models.SessionRecommendations>;
  }

  /** The items most like an item. */
  relatedItems(itemId: string, query: { k?: number; by?: "graph" | "embedding" | "store"; similarity?: "cosine" | "jaccard" | "lift"; kinds?: Array<string> | null; after?: boolean; } = {}, options: CallOptions = {}): Promise<models.RelatedItems> {
    return this.#transport.send(
      "GET", `/v1/items/${segment(itemId)}/related`, query, undefined, true, options,
    ) as Promise<models.RelatedItems>;
  }

  /** Whether the process runs: 200 from the moment it listens, with or without a snapshot. */
  live(options: CallOptions = {}): Promise<models.Live> {
    return this.#transport.send(
      "GET", `/health/live`, {}, undefined, true, options,
    ) as Promise<models.Live>;
  }

  /** Whether recommendations can be given; 503, with the reason, where they cannot. */
  ready(options: CallOptions = {}): Promise<models.Readiness> {
    return this.#transport.send(
      "GET", `/health/ready`, {}, undefined, true, options,
    ) as Promise<models.Readiness>;
  }

  /** Why the item is, or is not, recommended to the user: sources, and paths with counts. */
  userExplanation(userId: string, itemId: string, query: { k?: number; } = {}, options: CallOptions = {}): Promise<models.UserExplanation> {
    return this.#transport.send(
      "GET", `/v1/users/${segment(userId)}/recommendations/${segment(itemId)}/explanation`, query, undefined, true, options,
    ) as Promise<models.UserExplanation>;
  }

  /** What became of the item in the user's list: its place and score, or why it has none. */
  userWhyNot(userId: string, itemId: string, query: { exclude_seen?: boolean; allow?: Array<string> | null; deny?: Array<string>; kinds?: Array<string> | null; as_of?: number | string | null; } = {}, options: CallOptions = {}): Promise<models.UserWhyNot> {
    return this.#transport.send(
      "GET", `/v1/users/${segment(userId)}/why-not/${segment(itemId)}`, query, undefined, true, options,
    ) as Promise<models.UserWhyNot>;
  }

  /** Why an item is, or is not, recommended to a visitor who likes these items. */
  sessionExplanation(body: models.ExplainedSession, options: CallOptions = {}): Promise<models.SessionExplanation> {
    return this.#transport.send(
      "POST", `/v1/explanations`, {}, body, true, options,
    ) as Promise<models.SessionExplanation>;
  }

  /** What became of an item in the list for a visitor who likes these items. */
  sessionWhyNot(body: models.WhyNotSession, options: CallOptions = {}): Promise<models.SessionWhyNot> {
    return this.#transport.send(
      "POST", `/v1/why-not`, {}, body, true, options,
    ) as Promise<models.SessionWhyNot>;
  }

  /** What the user would give the item. Of either without ratings, the biases, and a note. */
  userRating(userId: string, itemId: string, options: CallOptions = {}): Promise<models.UserRating> {
    return this.#transport.send(
      "GET", `/v1/users/${segment(userId)}/ratings/${segment(itemId)}`, {}, undefined, true, options,
    ) as Promise<models.UserRating>;
  }

  /** The placements that can be asked, by name. */
  placements(options: CallOptions = {}): Promise<models.Placements> {
    return this.#transport.send(
      "GET", `/v1/placements`, {}, undefined, true, options,
    ) as Promise<models.Placements>;
  }

  /** The list of a placement, for a user, beside items, or both. */
  placement(name: string, query: { user?: string | null; item?: string | null; items?: Array<string>; k?: number | null; where?: Array<string>; segment?: string | null; fields?: string | null; language?: string; explain?: boolean; by?: "snapshot" | "store"; } = {}, options: CallOptions = {}): Promise<models.Placed> {
    return this.#transport.send(
      "GET", `/v1/placements/${segment(name)}`, query, undefined, true, options,
    ) as Promise<models.Placed>;
  }

  /** The same, with rules of this request and attributes of a visitor; nothing is stored. */
  placementByRules(name: string, body: models.PlacementBody, options: CallOptions = {}): Promise<models.Placed> {
    return this.#transport.send(
      "POST", `/v1/placements/${segment(name)}`, {}, body, true, options,
    ) as Promise<models.Placed>;
  }

  /** The policies of the settings, what they have learned, and the actions of a user. */
  policies(query: { user?: string | null; } = {}, options: CallOptions = {}): Promise<models.PolicyList> {
    return this.#transport.send(
      "GET", `/v1/policies`, query, undefined, true, options,
    ) as Promise<models.PolicyList>;
  }

  /** The experiments of the settings, with the share of each variant. */
  experiments(query: { user?: string | null; } = {}, options: CallOptions = {}): Promise<models.ExperimentList> {
    return this.#transport.send(
      "GET", `/v1/experiments`, query, undefined, true, options,
    ) as Promise<models.ExperimentList>;
  }

  /** Items by title or id; of equally good matches, the most popular first. */
  items(query: { limit?: number; cursor?: string | null; query?: string; } = {}, options: CallOptions = {}): Promise<models.ItemPage> {
    return this.#transport.send(
      "GET", `/v1/items`, query, undefined, true, options,
    ) as Promise<models.ItemPage>;
  }

  /** Users by id; of equally good matches, those who like most items first. */
  users(query: { limit?: number; cursor?: string | null; query?: string; } = {}, options: CallOptions = {}): Promise<models.UserPage> {
    return this.#transport.send(
      "GET", `/v1/users`, query, undefined, true, options,
    ) as Promise<models.UserPage>;
  }

  /** The attributes of an item as they are now; its likes are those in the snapshot. */
  item(itemId: string, options: CallOptions = {}): Promise<models.ItemDetails> {
    return this.#transport.send(
      "GET", `/v1/items/${segment(itemId)}`, {}, undefined, true, options,
    ) as Promise<models.ItemDetails>;
  }

  /** Add an item, or set attributes of one and add links; the next answer has them. */
  putItem(itemId: string, body: models.PutItem, options: CallOptions = {}): Promise<models.Stored> {
    return this.#transport.send(
      "PUT", `/v1/items/${segment(itemId)}`, {}, body, true, options,
    ) as Promise<models.Stored>;
  }

  /** Delete an item with its events; from the next answer on it is not recommended. */
  deleteItem(itemId: string, options: CallOptions = {}): Promise<models.Deleted> {
    return this.#transport.send(
      "DELETE", `/v1/items/${segment(itemId)}`, {}, undefined, true, options,
    ) as Promise<models.Deleted>;
  }

  /** A user, their attributes, and the items that they have seen. */
  user(userId: string, query: { limit?: number; cursor?: string | null; } = {}, options: CallOptions = {}): Promise<models.UserDetails> {
    return this.#transport.send(
      "GET", `/v1/users/${segment(userId)}`, query, undefined, true, options,
    ) as Promise<models.UserDetails>;
  }

  /** Add a user, or set attributes of one; one who was forgotten may come back by it. */
  putUser(userId: string, body: models.PutUser, options: CallOptions = {}): Promise<models.Stored> {
    return this.#transport.send(
      "PUT", `/v1/users/${segment(userId)}`, {}, body, true, options,
    ) as Promise<models.Stored>;
  }

  /** Delete a user: once it is answered, no table and no file has anything of them. */
  deleteUser(userId: string, options: CallOptions = {}): Promise<models.ForgottenUser> {
    return this.#transport.send(
      "DELETE", `/v1/users/${segment(userId)}`, {}, undefined, true, options,
    ) as Promise<models.ForgottenUser>;
  }

  /** What a user did, the latest first: kinds and times, and values where there is a store. */
  userEvents(userId: string, query: { limit?: number; cursor?: string | null; } = {}, options: CallOptions = {}): Promise<models.UserEventPage> {
    return this.#transport.send(
      "GET", `/v1/users/${segment(userId)}/events`, query, undefined, true, options,
    ) as Promise<models.UserEventPage>;
  }

  /** Events, users and items over time: of the whole log as of now, or of one item. */
  activity(query: { item?: string | null; days?: number | null; } = {}, options: CallOptions = {}): Promise<models.ActivityCounts> {
    return this.#transport.send(
      "GET", `/v1/activity`, query, undefined, true, options,
    ) as Promise<models.ActivityCounts>;
  }

  /** The users who like the same items, at least two of them, by the snapshot: what they share. */
  userSimilar(userId: string, query: { k?: number; } = {}, options: CallOptions = {}): Promise<models.SimilarUsers> {
    return this.#transport.send(
      "GET", `/v1/users/${segment(userId)}/similar`, query, undefined, true, options,
    ) as Promise<models.SimilarUsers>;
  }

  /** The most popular items: the list of a visitor we know nothing about. */
  popular(query: { k?: number; } = {}, options: CallOptions = {}): Promise<models.PopularItems> {
    return this.#transport.send(
      "GET", `/v1/popular`, query, undefined, true, options,
    ) as Promise<models.PopularItems>;
  }

  /** The snapshot that serves: its data, its models, and their metrics. */
  snapshot(options: CallOptions = {}): Promise<models.SnapshotFacts> {
    return this.#transport.send(
      "GET", `/v1/snapshot`, {}, undefined, true, options,
    ) as Promise<models.SnapshotFacts>;
  }

  /** What an item has edges to: people by what they did, values of its attributes, and links. */
  graphItem(itemId: string, query: { k?: number; kinds?: Array<string>; since?: number | string | null; until?: number | string | null; } = {}, options: CallOptions = {}): Promise<models.GraphHop> {
    return this.#transport.send(
      "GET", `/v1/graph/items/${segment(itemId)}`, query, undefined, true, options,
    ) as Promise<models.GraphHop>;
  }

  /** The items with which most of the people of an item did the same, by what they did. */
  graphPeople(itemId: string, query: { k?: number; kinds?: Array<string>; since?: number | string | null; until?: number | string | null; } = {}, options: CallOptions = {}): Promise<models.GraphHop> {
    return this.#transport.send(
      "GET", `/v1/graph/items/${segment(itemId)}/people`, query, undefined, true, options,
    ) as Promise<models.GraphHop>;
  }

  /** The items that a user did most with. */
  graphUser(userId: string, query: { k?: number; kinds?: Array<string>; since?: number | string | null; until?: number | string | null; } = {}, options: CallOptions = {}): Promise<models.GraphHop> {
    return this.#transport.send(
      "GET", `/v1/graph/users/${segment(userId)}`, query, undefined, true, options,
    ) as Promise<models.GraphHop>;
  }

  /** The items with a value of an attribute, those first that most people did something with. */
  graphValue(attribute: string, value: string, query: { k?: number; kinds?: Array<string>; since?: number | string | null; until?: number | string | null; } = {}, options: CallOptions = {}): Promise<models.GraphHop> {
    return this.#transport.send(
      "GET", `/v1/graph/values/${segment(attribute)}/${segment(value)}`, query, undefined, true, options,
    ) as Promise<models.GraphHop>;
  }

  /** The items linked to a node, those first that most people did something with. */
  graphLinked(relation: string, nodeType: string, node: string, query: { k?: number; kinds?: Array<string>; since?: number | string | null; until?: number | string | null; } = {}, options: CallOptions = {}): Promise<models.GraphHop> {
    return this.#transport.send(
      "GET", `/v1/graph/linked/${segment(relation)}/${segment(nodeType)}/${segment(node)}`, query, undefined, true, options,
    ) as Promise<models.GraphHop>;
  }

  /** The most popular items as points, near each other where their embeddings are alike. */
  itemMap(query: { attribute?: string | null; limit?: number; } = {}, options: CallOptions = {}): Promise<models.MapOfItems> {
    return this.#transport.send(
      "GET", `/v1/map`, query, undefined, true, options,
    ) as Promise<models.MapOfItems>;
  }

  /** The latest refreshes of which a report was kept, and what was measured. */
  refreshes(options: CallOptions = {}): Promise<models.Refreshes> {
    return this.#transport.send(
      "GET", `/v1/refreshes`, {}, undefined, true, options,
    ) as Promise<models.Refreshes>;
  }

  /** How often what was listed was followed by an event, by snapshot: the latest lists. */
  clickRates(options: CallOptions = {}): Promise<models.ClickRates> {
    return this.#transport.send(
      "GET", `/v1/click-rates`, {}, undefined, true, options,
    ) as Promise<models.ClickRates>;
  }

  /** Store events: all of them, or none where one is not valid. */
  newEvents(body: models.Batch, options: CallOptions = {}): Promise<models.Accepted> {
    return this.#transport.send(
      "POST", `/v1/events`, {}, body, false, options,
    ) as Promise<models.Accepted>;
  }

  /** Take events back: the next answer is as if they had never been sent. */
  deleteEvents(body?: models.KeysOfEvents | null, query: { user?: string | null; item?: string | null; kind?: string | null; time?: number | string | null; } = {}, options: CallOptions = {}): Promise<models.TakenBack> {
    return this.#transport.send(
      "DELETE", `/v1/events`, query, body, true, options,
    ) as Promise<models.TakenBack>;
  }

  /** The published snapshots, and which one serves. */
  snapshots(options: CallOptions = {}): Promise<models.SnapshotList> {
    return this.#transport.send(
      "GET", `/v1/admin/snapshots`, {}, undefined, true, options,
    ) as Promise<models.SnapshotList>;
  }

  /** Serve the current snapshot now, also one that was refused before. */
  reload(options: CallOptions = {}): Promise<models.SnapshotChange> {
    return this.#transport.send(
      "POST", `/v1/admin/reload`, {}, undefined, false, options,
    ) as Promise<models.SnapshotChange>;
  }

  /** Let the canary serve everyone, in this and every process on the same folder. */
  promote(options: CallOptions = {}): Promise<models.SnapshotChange> {
    return this.#transport.send(
      "POST", `/v1/admin/promote`, {}, undefined, false, options,
    ) as Promise<models.SnapshotChange>;
  }

  /** Make an earlier snapshot the current one, in this and every process on the same folder. */
  rollback(body: models.RollbackRequest, options: CallOptions = {}): Promise<models.SnapshotChange> {
    return this.#transport.send(
      "POST", `/v1/admin/rollback`, {}, body, false, options,
    ) as Promise<models.SnapshotChange>;
  }
}
