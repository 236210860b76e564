"""What a gliner_config.json says about the network, in all its eras, and what is refused."""

from typing import Any

import pytest

from spacy_gliner_biomed.nn.config import NetworkConfig

BERT = {"model_type": "bert", "hidden_size": 16}


def read(**raw: Any) -> NetworkConfig:
    return NetworkConfig.from_dict({"model_name": "tiny", "encoder_config": BERT, **raw})


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({}, "uni_span"),
        ({"span_mode": "markerV0"}, "uni_span"),
        ({"span_mode": "marker"}, "uni_span"),
        ({"span_mode": None}, "uni_span"),
        ({"span_mode": "token_level"}, "uni_token"),
        ({"span_mode": "markerV1"}, "uni_span"),
        ({"span_mode": "markerV2"}, "uni_span"),
        ({"labels_encoder": "tiny-labels"}, "bi_span"),
        ({"labels_encoder": "tiny-labels", "span_mode": "token_level"}, "bi_token"),
        ({"labels_encoder": None, "labels_decoder": None, "relations_layer": None}, "uni_span"),
        ({"model_type": "gliner"}, "uni_span"),
    ],
)
def test_kind_follows_from_the_keys(raw: dict[str, Any], kind: str) -> None:
    assert read(**raw).kind == kind


@pytest.mark.parametrize(
    ("raw", "layers"),
    [
        ({}, 1),
        ({"has_rnn": True}, 1),
        ({"has_rnn": False}, 0),
        ({"has_rnn": None}, 0),
        ({"num_rnn_layers": 2}, 2),
        ({"num_rnn_layers": 0}, 0),
        ({"num_rnn_layers": None}, 0),
        # From 0.2.23 on `has_rnn` was carried along and not read.
        ({"num_rnn_layers": 1, "has_rnn": False}, 1),
        ({"num_rnn_layers": 1, "labels_encoder": "tiny-labels"}, 0),
    ],
)
def test_lstm_layers_follow_from_the_key_of_the_era(raw: dict[str, Any], layers: int) -> None:
    assert read(**raw).num_rnn_layers == layers


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({"labels_decoder": "gpt2"}, "labels_decoder 'gpt2'"),
        (
            {"labels_encoder": "x", "precomputed_prompts_mode": True},
            "precomputed_prompts_mode with a labels_encoder",
        ),
        ({"fuse_layers": True}, "fuse_layers 'True'"),
        ({"model_type": "gliner_streaming_span"}, "model_type 'gliner_streaming_span'"),
        ({"encoder_config": {"model_type": "llama"}}, "decoder-style model 'llama'"),
        (
            {"labels_encoder": "x", "labels_encoder_config": {"model_type": "qwen2"}},
            "labels_encoder_config of the decoder-style model 'qwen2'",
        ),
        *(
            ({"span_mode": mode}, f"span_mode '{mode}'")
            for mode in ("query", "mlp", "cat", "conv_max", "conv_share")
        ),
    ],
)
def test_other_variants_are_refused_by_name(raw: dict[str, Any], found: str) -> None:
    with pytest.raises(
        ValueError, match=r"\[GB-E010\] This checkpoint needs .*Supported models are"
    ) as e:
        read(**raw)
    assert found in str(e.value)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({"relations_layer": "conv"}, "relations_layer 'conv'"),
        ({"relations_layer": ""}, "relations_layer ''"),
        ({"relations_layer": 1}, "relations_layer 1"),
        ({"relations_layer": "dot", "triples_layer": "ConvE"}, "triples_layer 'ConvE'"),
        ({"relations_layer": "dot", "triples_layer": "TuckER"}, "triples_layer 'TuckER'"),
        (
            {"relations_layer": "dot", "triples_layer": "TransH", "hidden_size": 16},
            "triples_layer 'TransH' and hidden_size 16",
        ),
        ({"relations_layer": "none", "precomputed_prompts_mode": True}, "precomputed_prompts_mode"),
    ],
)
@pytest.mark.parametrize("mode", ["markerV0", "token_level"])
def test_other_relation_models_are_refused_by_what_they_are(
    raw: dict[str, Any], found: str, mode: str
) -> None:
    with pytest.raises(ValueError, match=r"\[GB-E260\].*with .*Supported is") as e:
        read(**raw, span_mode=mode)
    assert f"with {found}," in str(e.value)


def test_relations_are_read_and_written_back() -> None:
    keys = {"relations_layer": "GCN", "triples_layer": None, "relation_loss_coef": 2.0}
    config = read(**keys, labels_encoder="ignored", represent_spans=True, span_mode="token_level")
    assert (config.kind, config.relations_layer) == ("uni_token", "GCN")
    assert not config.represent_spans
    written = config.to_dict()
    assert {key: written[key] for key in keys} == keys
    assert NetworkConfig.from_dict(written).evolve(raw={}) == config.evolve(
        raw={}, labels_encoder=""
    )
    assert "relations_layer" not in read().to_dict()  # it would make a network with relations


def test_all_that_is_not_supported_is_named_at_once() -> None:
    with pytest.raises(ValueError, match="fuse_layers 'True' and span_mode 'conv_mean'"):
        read(fuse_layers=True, span_mode="conv_mean")


def test_keys_that_no_forward_pass_reads_are_accepted() -> None:
    config = read(post_fusion_schema="l2l", represent_spans=True, fine_tune=False, name="x")
    assert config.kind == "uni_span"
    assert read(subtoken_pooling="mean", has_rnn=True).to_dict()["subtoken_pooling"] == "first"


@pytest.mark.parametrize("pooling", ["first", "last", "mean", "max"])
def test_pooling_is_read_where_the_package_reads_it(pooling: str) -> None:
    config = read(subtoken_pooling=pooling, num_rnn_layers=1)
    assert config.subtoken_pooling == config.to_dict()["subtoken_pooling"] == pooling


def test_the_labels_of_precomputed_prompts_are_in_the_order_of_their_numbers() -> None:
    classes = {str(i): f"label {i}" for i in range(11, 0, -1)}
    config = read(precomputed_prompts_mode=True, id_to_classes=classes)
    assert config.precomputed_labels == tuple(f"label {i}" for i in range(1, 12))
    assert config.to_dict()["id_to_classes"] == classes
    assert read(precomputed_prompts_mode=False, id_to_classes=classes).precomputed_labels == ()


def test_missing_and_null_values_are_upstream_defaults() -> None:
    config = NetworkConfig.from_dict({"max_width": None})
    assert config.model_name == "microsoft/deberta-v3-small"
    assert (config.hidden_size, config.max_width, config.max_len) == (512, 12, 384)
    assert (config.class_token_index, config.vocab_size) == (-1, -1)
    assert config.encoder_config == {}


def test_an_encoder_config_without_a_type_is_of_deberta() -> None:
    assert read(encoder_config={"hidden_size": 8}).encoder_config["model_type"] == "deberta-v2"


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("hidden_size", "512", "a whole number"),
        ("max_width", 0, "from 1 to 4096"),
        ("num_rnn_layers", 800, "from 0 to 16"),
        ("hidden_size", 10**12, "from 1 to 32768"),
        ("vocab_size", 2**40, "from -1 to 16777216"),
        ("dropout", "much", "a rate from 0 to 1"),
        ("model_name", 7, "a string"),
        ("max_len", True, "a whole number"),
        ("num_rnn_layers", "one", "a whole number"),
        ("embed_ent_token", "yes", "true or false"),
        ("ent_token", 3, "a string"),
        ("encoder_config", "bert", "an object"),
        ("span_encoder_config", "rnn", "an object"),
        ("neg_spans_ratio", "all", "a number from 0 to 100"),
        ("num_post_fusion_layers", 1000, "from 0 to 64"),
    ],
)
def test_values_of_another_type_are_refused(name: str, value: Any, allowed: str) -> None:
    with pytest.raises(ValueError, match=rf"\[GB-E072\].*'{name}' must be {allowed}; found"):
        read(**{name: value})


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            {"subtoken_pooling": "median", "num_rnn_layers": 1},
            "'subtoken_pooling' must be one of first, last, mean, max; found 'median'",
        ),
        (
            {"labels_encoder": "x", "post_fusion_schema": "l2l-x2t"},
            "'post_fusion_schema' must be steps of l2l, t2t, l2t, t2l, joined by '-'; "
            "found 'l2l-x2t'",
        ),
        (
            {"span_encoder_config": {"model_type": "gru"}},
            "'span_encoder_config.model_type' must be one of deberta-v2, modernbert, rnn; "
            "found 'gru'",
        ),
        (
            {"precomputed_prompts_mode": True},
            "'id_to_classes' must be the labels of the precomputed prompts by number; found None",
        ),
        (
            {"precomputed_prompts_mode": True, "id_to_classes": {"1": "a", "3": "b"}},
            "'id_to_classes' must be the labels of the precomputed prompts by number; "
            "found {'1': 'a', '3': 'b'}",
        ),
    ],
)
def test_values_that_no_network_has_are_refused(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r"\[GB-E072\]") as error:
        read(**raw)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"num_hidden_layers": 10**6}, "num_hidden_layers"),
        ({"hidden_size": 2**60}, "hidden_size"),
        ({"text_config": {"n_layers": -(10**6)}}, "text_config.n_layers"),
    ],
)
@pytest.mark.parametrize("key", ["encoder_config", "labels_encoder_config"])
def test_encoders_that_nobody_could_build_are_refused(
    values: dict[str, Any], name: str, key: str
) -> None:
    with pytest.raises(ValueError, match=rf"\[GB-E072\].*'{key}.{name}' must be at most"):
        read(labels_encoder="x", **{key: {"model_type": "bert", **values}})


@pytest.mark.parametrize(
    "values",
    [
        {"span_mode": "x" * 10**5},
        {"encoder_config": "x" * 10**5},
        {"hidden_size": "9" * 10**5},
        {"labels_decoder": ["x\n"] * 10**5},
        {"labels_encoder": "y", "post_fusion_schema": "x" * 10**5},
        {"encoder_config": {"x_layers" * 10**4: 10**6}},
    ],
)
def test_messages_quote_a_line_at_most(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="GB-E0") as error:
        read(**values)
    assert len(str(error.value)) < 600


def test_what_is_written_reads_back_equal_and_keeps_unknown_keys() -> None:
    config = read(has_rnn=False, max_types=30, span_mode="marker").evolve(class_token_index=7)
    written = config.to_dict()
    assert written["max_types"] == 30
    again = NetworkConfig.from_dict(written)
    assert again.evolve(raw=config.raw) == config
