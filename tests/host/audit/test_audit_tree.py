"""Merkle trees: equal to the vectors of certificate transparency and to RFC 9162 as it is written."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import vectors
from host.audit_examples import naive_consistency, naive_inclusion, naive_root, nodes_of
from tasuki.audit import tree
from tasuki.audit.verifier import Head, ProofError, check_consistency, check_inclusion

CASES = vectors.read("audit_vectors", Path(__file__).parent)
ENTRIES = CASES[0].each("entry")
ROOTS = CASES[1].each("root")

sizes = st.integers(1, 70)


def entries(n):
    return [b"%d" % i for i in range(n)]


def head(of):
    return Head("log", len(of), naive_root(of))


def steps(case):
    return case.each("step")


def test_roots_are_those_of_certificate_transparency():
    nodes, edge, grown = nodes_of(ENTRIES), tree.Edge(), [tree.Edge().root()]
    for data in ENTRIES:
        edge.add(data)
        grown.append(edge.root())

    assert [tree.root(size, nodes) for size in range(9)] == ROOTS
    assert grown == ROOTS


@pytest.mark.parametrize("case", [case for case in CASES if case.has("index")], ids=repr)
def test_inclusion_paths_are_those_of_certificate_transparency(case):
    index, size = case.number("index"), case.number("size")

    assert tree.inclusion(index, size, nodes_of(ENTRIES)) == steps(case)
    check_inclusion(ENTRIES[index], index, Head("log", size, ROOTS[size]), steps(case))


@pytest.mark.parametrize("case", [case for case in CASES if case.has("old")], ids=repr)
def test_consistency_paths_are_those_of_certificate_transparency(case):
    old, size = case.number("old"), case.number("size")

    assert tree.consistency(old, size, nodes_of(ENTRIES)) == steps(case)
    check_consistency(Head("log", old, ROOTS[old]), Head("log", size, ROOTS[size]), steps(case))


@given(sizes, st.data())
def test_every_tree_is_that_of_the_definition(size, data):
    old = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, size - 1))
    of = entries(size)
    nodes = nodes_of(of)

    assert tree.root(old, nodes) == naive_root(of[:old])
    assert tree.inclusion(index, size, nodes) == naive_inclusion(index, of)
    assert tree.consistency(old, size, nodes) == naive_consistency(old, of)


@given(sizes, st.integers(0, 40))
def test_an_edge_made_from_nodes_goes_on_like_the_one_that_grew(size, more):
    of = entries(size + more)
    grown, loaded = tree.Edge(), tree.Edge(size, nodes_of(of[:size]))
    for data in of[:size]:
        grown.add(data)

    assert [grown.add(data) for data in of[size:]] == [loaded.add(data) for data in of[size:]]
    assert grown.root() == loaded.root() == naive_root(of)


def test_every_path_of_small_trees_is_accepted():
    for size in range(1, 34):
        of = entries(size)
        for index in range(size):
            check_inclusion(of[index], index, head(of), naive_inclusion(index, of))
        for old in range(1, size + 1):
            check_consistency(head(of[:old]), head(of), naive_consistency(old, of))


@given(st.integers(2, 40), st.data())
def test_nothing_but_the_path_itself_is_accepted_for_an_entry(size, data):
    of = entries(size)
    index = data.draw(st.integers(0, size - 1))
    path = naive_inclusion(index, of)
    place = data.draw(st.integers(0, len(path) - 1))
    changed = [*path[:place], bytes(32), *path[place + 1 :]]

    for wrong in (changed, path[:-1], [*path, bytes(32)], path[1:]):
        with pytest.raises(ProofError, match=f"entry {index}"):
            check_inclusion(of[index], index, head(of), wrong)
    for other in {0, size - 1, index ^ 1} - {index}:
        with pytest.raises(ProofError):
            check_inclusion(of[index], other, head(of), path)
    with pytest.raises(ProofError):
        check_inclusion(b"forged", index, head(of), path)


@given(st.integers(2, 40), st.data())
def test_nothing_but_the_path_itself_is_accepted_between_two_logs(size, data):
    of = entries(size)
    old = data.draw(st.integers(1, size - 1))
    path = naive_consistency(old, of)
    place = data.draw(st.integers(0, len(path) - 1))
    changed = [*path[:place], bytes(32), *path[place + 1 :]]
    rewritten = [b"forged", *of[1:old]]

    for wrong in (changed, path[:-1], [*path, bytes(32)], path[1:], []):
        with pytest.raises(ProofError, match="rewritten"):
            check_consistency(head(of[:old]), head(of), wrong)
    with pytest.raises(ProofError, match="rewritten"):
        check_consistency(head(rewritten), head(of), path)


def test_paths_that_do_not_exist_are_errors():
    nodes = nodes_of(ENTRIES)

    for index, size in ((8, 8), (-1, 8), (0, 0)):
        with pytest.raises(ValueError, match="no leaf"):
            tree.inclusion(index, size, nodes)
    for old, size in ((0, 8), (9, 8), (-1, 8)):
        with pytest.raises(ValueError, match="no tree"):
            tree.consistency(old, size, nodes)


def test_a_leaf_is_no_node():
    """Second preimages: the two hashes of a pair are no entry with the same root (RFC 9162, 2.1.1)."""
    left, right = (tree.leaf_hash(data) for data in ENTRIES[:2])

    assert tree.leaf_hash(left + right) != tree.node_hash(left, right)
