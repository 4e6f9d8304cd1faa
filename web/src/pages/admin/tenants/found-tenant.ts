/** A tenant, its owner and the owner's way in: up to three requests, in the order in which a failure leaves the least. */
import type { SignInLink, Tenant, User } from "@/api/schema";
import { createTenant } from "@/api/tenants";
import { createSignInLink, createUser } from "@/api/users";

export interface Foundation {
  slug: string;
  email: string;
  /** The owner, if the address is known; else `name` is a new user's. */
  owner: User | undefined;
  name: string;
}

export interface Founded {
  tenant: Tenant;
  email: string;
  /** Only for a new user: whoever is here already has a way in. */
  link: SignInLink | null;
}

/** Throws ApiProblem; a user who was made before it stays, and is found by the next try. */
export async function foundTenant({ slug, email, owner, name }: Foundation): Promise<Founded> {
  const user = owner ?? (await createUser({ email, name, operator: false }));
  const tenant = await createTenant({ slug, owner: user.email });
  return { tenant, email: user.email, link: owner === undefined ? await createSignInLink(user.id) : null };
}
