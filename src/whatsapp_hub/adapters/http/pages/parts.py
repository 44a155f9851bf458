"""Parts of an OpenAPI document that ours always has, although its type leaves them open."""

from litestar.openapi.spec import Components, OpenAPI, PathItem


def components_of(document: OpenAPI) -> Components:
    """Return the document's components. Raises ValueError for a document without."""
    if document.components is None:
        raise ValueError("the document has no components")
    return document.components


def paths_of(document: OpenAPI) -> dict[str, PathItem]:
    """Return the document's paths, to change them. Raises ValueError for a document without."""
    if document.paths is None:
        raise ValueError("the document has no paths")
    return document.paths
