use proptest::prelude::*;

use super::*;

const FILL: Fill = Fill::of(-2);
/// Four elements a run.
const FOUR: Fill = Fill::of(4);

fn bytes(text: &str) -> Bytes {
    Bytes::from(text.as_bytes())
}

fn texts(count: usize) -> Vec<Bytes> {
    (0..count).map(|n| bytes(&format!("element:{n:04}"))).collect()
}

/// The elements.
fn texts_of(list: &List) -> Vec<Bytes> {
    list.iter().map(Piece::to_bytes).collect()
}

/// The lengths of the runs.
fn runs(list: &List) -> Vec<usize> {
    list.nodes().map(ListNode::len).collect()
}

#[test]
fn a_list_turns_when_a_push_would_pass_the_limit_and_back_at_half_of_it() {
    // Each element takes 14 bytes in a listpack, beside 7 for the whole.
    let mut list = List::from_elements(&texts(584), FILL);
    assert_eq!(
        (list.encoding(), list.nodes().next().unwrap().bytes()),
        (Encoding::Listpack, 8_183)
    );
    list.push(End::Right, &texts(1), FILL);
    assert_eq!((list.encoding(), runs(&list)), (Encoding::Quicklist, vec![584, 1]));
    list.pop(End::Right, 1, FILL);
    assert_eq!(list.encoding(), Encoding::Quicklist, "584 elements are more than half");
    list.pop(End::Left, 292, FILL);
    assert_eq!((list.encoding(), list.len()), (Encoding::Listpack, 292));
}

#[test]
fn a_number_that_was_popped_counts_for_nothing_before_the_limit() {
    let full = |last: usize| {
        let mut elements = texts(584);
        elements.push(bytes(&"x".repeat(last)));
        List::packed(ListNode::packed(elements))
    };
    let mut list = full(4);
    list.push_popped(End::Right, bytes("123456"), FILL);
    assert_eq!(list.encoding(), Encoding::Listpack);
    let mut list = full(4);
    list.push_popped(End::Right, bytes("abcdef"), FILL);
    assert_eq!(list.encoding(), Encoding::Quicklist);
}

#[test]
fn an_element_in_the_middle_of_a_full_run_splits_it_and_the_pieces_merge() {
    let mut list = List::quicklist([]);
    list.push(End::Right, &texts(12), FOUR);
    assert_eq!(runs(&list), [4, 4, 4]);
    assert!(list.insert(b"element:0005", false, bytes("new"), FOUR));
    assert_eq!(runs(&list), [4, 2, 3, 4]);
    // A place beside a cut goes to the run that has room.
    assert!(list.insert(b"element:0007", true, bytes("new"), FOUR));
    assert_eq!(runs(&list), [4, 2, 4, 4]);
    assert!(list.insert(b"element:0003", true, bytes("new"), FOUR));
    assert_eq!(runs(&list), [4, 3, 4, 4]);
    assert!(list.insert(b"element:0000", false, bytes("new"), FOUR));
    assert_eq!(runs(&list), [1, 4, 3, 4, 4]);
    assert!(list.insert(b"element:0002", true, bytes("new"), FOUR));
    assert_eq!(runs(&list), [4, 2, 3, 4, 4]);
}

#[test]
fn a_plain_run_takes_nothing_and_is_replaced_by_a_packed_one() {
    let nodes = [ListNode::packed(texts(1)), ListNode::plain(bytes("large"))];
    let mut list = List::quicklist(nodes);
    list.push(End::Right, &[bytes("tail")], FILL);
    assert_eq!(runs(&list), [1, 1, 1]);
    assert!(list.replace(1, bytes("small"), FILL));
    assert_eq!(runs(&list), [1, 2]);
    assert!(texts_of(&list).iter().eq(&["element:0000", "small", "tail"].map(bytes)));
}

/// Elements of six bytes and more are not packed.
const LARGE: Fill = Fill { size: 4, plain: 6 };

/// The lengths of the runs; 0 for one that is not packed.
fn shape(list: &List) -> Vec<usize> {
    list.nodes().map(|node| if node.is_plain() { 0 } else { node.len() }).collect()
}

#[test]
fn a_large_element_is_a_run_of_its_own_wherever_it_is_put() {
    let mut list = List::quicklist([]);
    list.push(End::Right, &["a", "b", "c", "d"].map(bytes), LARGE);
    list.push(End::Right, &[bytes("larger"), bytes("e")], LARGE);
    list.push(End::Left, &[bytes("largest")], LARGE);
    assert_eq!(shape(&list), [0, 4, 0, 1]);
    // Into the middle of a run, which is cut; nothing is merged.
    assert!(list.insert(b"b", true, bytes("in between"), LARGE));
    assert_eq!(shape(&list), [0, 2, 0, 2, 0, 1]);
    // Beside another that is not packed, and beside an end.
    assert!(list.insert(b"larger", false, bytes("before"), LARGE));
    assert!(list.insert(b"a", false, bytes("at head"), LARGE));
    assert_eq!(shape(&list), [0, 0, 2, 0, 2, 0, 0, 1]);
    let all = ["largest", "at head", "a", "b", "in between", "c", "d", "before", "larger", "e"];
    assert!(texts_of(&list).iter().eq(&all.map(bytes)));
}

#[test]
fn what_is_replaced_by_a_large_element_leaves_its_run() {
    let mut list = List::quicklist([]);
    list.push(End::Right, &["a", "b", "c"].map(bytes), LARGE);
    assert!(list.replace(1, bytes("larger"), LARGE));
    assert_eq!(shape(&list), [1, 0, 1]);
    assert!(list.replace(1, bytes("largest"), LARGE));
    assert!(list.replace(0, bytes("alone in its run"), LARGE));
    assert_eq!(shape(&list), [0, 0, 1]);
    // A small one takes the place in the neighbour that has room.
    assert!(list.replace(1, bytes("s"), LARGE));
    assert_eq!(shape(&list), [0, 2]);
    assert!(texts_of(&list).iter().eq(&["alone in its run", "s", "c"].map(bytes)));
}

/// One step, with numbers that are taken as places and choices.
fn step(list: &mut List, model: &mut Vec<Bytes>, what: u8, at: usize, n: u16, fill: Fill) {
    let element = bytes(&format!("{n}").repeat(usize::from(n % 5) + 1));
    let place = if model.is_empty() { 0 } else { at % model.len() };
    match what {
        0..=2 => {
            list.push(End::Right, &[element.clone(), element.clone()], fill);
            model.extend([element.clone(), element]);
        }
        3 => {
            list.push(End::Left, std::slice::from_ref(&element), fill);
            model.insert(0, element);
        }
        4 => assert_eq!(list.pop(End::Left, 1, fill).pop(), {
            let some = !model.is_empty();
            some.then(|| model.remove(0))
        }),
        5 => assert_eq!(list.pop(End::Right, 1, fill).pop(), model.pop()),
        6 | 7 => {
            let pivot = model.get(place).cloned().unwrap_or_default();
            let first = model.iter().position(|other| *other == pivot);
            assert_eq!(list.insert(&pivot, what == 6, element.clone(), fill), first.is_some());
            if let Some(first) = first {
                model.insert(first + usize::from(what == 6), element);
            }
        }
        8 => {
            let found = model.get_mut(place).map(|old| *old = element.clone());
            assert_eq!(list.replace(place, element, fill), found.is_some());
        }
        9 => {
            let gone = model.get(place).cloned().unwrap_or_default();
            let before = model.len();
            model.retain(|other| *other != gone);
            assert_eq!(list.remove(&gone, End::Right, usize::MAX, fill), before - model.len());
        }
        10 if model.len() > 20 => {
            list.trim(2, model.len() - 3, fill);
            *model = model[2..model.len() - 3].to_vec();
        }
        _ => {
            list.rotate(End::Left, End::Right, fill);
            let some = !model.is_empty();
            model.rotate_left(usize::from(some));
        }
    }
}

proptest! {
    #[test]
    fn a_list_is_a_sequence_in_every_form(
        steps in prop::collection::vec((0u8..12, any::<usize>(), 0u16..300), 1..300),
        size in prop::sample::select(vec![-2i64, 1, 2, 5, 16]),
        plain in prop::sample::select(vec![3usize, 4, 5, 1 << 30]),
    ) {
        let (mut list, mut model) = (List::default(), Vec::new());
        for (what, at, n) in steps {
            step(&mut list, &mut model, what, at, n, Fill { size, plain });
            prop_assert_eq!(list.len(), model.len());
            for node in list.nodes() {
                let elements: Vec<Bytes> = node.elements().map(Piece::to_bytes).collect();
                let anew = match &elements[..] {
                    [element] if node.is_plain() => ListNode::plain(Bytes::clone(element)),
                    _ => ListNode::packed(elements),
                };
                prop_assert_eq!(node, &anew);
                prop_assert!(list.encoding() == Encoding::Listpack || !node.is_empty());
            }
        }
        prop_assert!(texts_of(&list).iter().eq(&model));
        prop_assert!(list.iter().rev().map(Piece::to_bytes).eq(model.iter().rev().cloned()));
        for (index, element) in model.iter().enumerate() {
            prop_assert_eq!(list.get(index).map(Piece::to_bytes), Some(element.clone()));
            let from = list.iter_from(index).map(Piece::to_bytes);
            prop_assert!(from.eq(model[index..].iter().cloned()));
        }
    }
}
