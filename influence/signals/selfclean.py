"""SelfClean's scores: a distance ratio for labels and single linkage for off-topic samples."""

import numpy as np
from numpy.typing import NDArray

from influence.evidence import Evidence
from influence.features import last_layer_features
from influence.signals.base import Scores, whole_training
from influence.signals.blockwise import row_blocks, unit_rows

Floats = NDArray[np.float64]


@whole_training
def selfclean_label(evidence: Evidence) -> Scores:
    """s² / (s² + d²), where s and d are the cosine distances to the nearest training sample with
    the same and with another label.

    Source: Gröger et al. (SelfClean), NeurIPS 2024.
    """
    features = last_layer_features(evidence)
    h, labels = unit_rows(features.train), features.labels
    same, other = np.full(len(h), np.inf), np.full(len(h), np.inf)
    for block in row_blocks(len(h), len(h)):
        distances = np.maximum(1.0 - h[block] @ h.T, 0.0)
        distances[np.arange(len(distances)), np.arange(block.start, block.stop)] = np.inf
        agree = labels[block, None] == labels
        same[block] = np.where(agree, distances, np.inf).min(axis=1)
        other[block] = np.where(agree, np.inf, distances).min(axis=1)
    # a label that no other sample has is the most suspicious, a label that all have the least
    same, other = (np.where(np.isinf(d), 2.0, d) for d in (same, other))
    total = same**2 + other**2
    return features.restore(np.divide(same**2, total, out=np.full(len(h), 0.5), where=total > 0))


def spanning_tree(h: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The minimum spanning tree under the cosine distance of unit rows, by Prim's algorithm.

    Returns:
        The two ends of each of its n − 1 edges, (n − 1, 2), and their lengths, (n − 1,).
    """
    n = len(h)
    nearest, distance = np.zeros(n, np.int64), np.full(n, np.inf)
    outside = np.ones(n, dtype=bool)
    ends, lengths = np.empty((n - 1, 2), np.int64), np.empty(n - 1)
    current = 0
    for edge in range(n - 1):
        outside[current] = False
        found = np.maximum(1.0 - h @ h[current], 0.0)
        closer = outside & (found < distance)
        distance[closer], nearest[closer] = found[closer], current
        following = int(np.where(outside, distance, np.inf).argmin())
        ends[edge], lengths[edge] = (nearest[following], following), distance[following]
        current = following
    return ends, lengths


def dendrogram_area(ends: NDArray[np.int64], lengths: Floats) -> Floats:
    """∫ (1 − |cluster of i at height h| / n) dh over the single-linkage dendrogram, (n,).

    Args:
        ends, lengths: the edges of a minimum spanning tree, as of :func:`spanning_tree`.
    """
    n = len(lengths) + 1
    cluster = list(range(2 * n - 1))  # union-find: the node above, or the node itself
    size, height = np.ones(2 * n - 1), np.zeros(2 * n - 1)
    parent = np.full(2 * n - 1, 2 * n - 2)

    def top(node: int) -> int:
        while cluster[node] != node:
            cluster[node] = cluster[cluster[node]]
            node = cluster[node]
        return node

    for merged, edge in enumerate(np.argsort(lengths, kind="stable"), start=n):
        children = [top(int(end)) for end in ends[edge]]
        for child in children:
            cluster[child] = parent[child] = merged
        size[merged], height[merged] = size[children].sum(), lengths[edge]
    area = np.zeros(2 * n - 1)
    for node in range(2 * n - 3, -1, -1):  # a node comes after its children
        gap = height[parent[node]] - height[node]
        area[node] = area[parent[node]] + gap * (1.0 - size[node] / n)
    return area[:n]


@whole_training
def selfclean_off_topic(evidence: Evidence) -> Scores:
    """∫ (1 − share of the training set in the cluster of the sample at height h) dh over the
    single-linkage dendrogram of cosine distances: late in a large cluster is suspicious.

    An area in the dendrogram, as in the source, whose exact weights differ.

    Source: after Gröger et al. (SelfClean), NeurIPS 2024.
    """
    features = last_layer_features(evidence)
    return features.restore(dendrogram_area(*spanning_tree(unit_rows(features.train))))
