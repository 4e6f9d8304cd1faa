"""`install`: print what installs PaaKS on a Kubernetes. It asks and changes nothing itself."""

from __future__ import annotations

import click

from cli import manifests


@click.command()
@click.option("--image", metavar="IMAGE", help="The platform's image, by digest where it can be.")
@click.option("--runtime-image", metavar="IMAGE", help="The image that handlers run in.")
@click.option("--storage-class", metavar="NAME", help="Where the volume comes from; without it the cluster's default.")
@click.option("--public-url", metavar="URL", help="What people type to reach UI, API and git.")
@click.option("--apps-url", metavar="URL", help="What visitors type.")
@click.option("--insecure-single-domain", is_flag=True, help="Several tenants though the network keeps none apart.")
def install(
    image: str | None,
    runtime_image: str | None,
    storage_class: str | None,
    public_url: str | None,
    apps_url: str | None,
    insecure_single_domain: bool,
) -> None:
    """Print the objects that install PaaKS on a Kubernetes.

    `paaks install | kubectl apply -f -` does it; the same again with a newer version upgrades. Each time the token
    between the processes is drawn anew, which disturbs nobody.
    """
    token = manifests.draw_token()
    choices = manifests.Choices(
        token, image, runtime_image, storage_class, public_url, apps_url, insecure_single_domain
    )
    click.echo(manifests.write(manifests.compose(choices)), nl=False)
