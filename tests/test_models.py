"""The models that ship are what their recipes make, small enough, and good on the first day."""

import numpy as np
import pytest

import train_model
from confidence import confidence, is_unsure, membership
from data.data_sets import FASHION, load, shipped_model
from models.rebuild import RECIPES, SOURCES, finish
from neural_network import NeuralNetwork

MEGABYTE = 1e6
LEAST_ACCURACY = {"digits": 0.99, "clothes": 0.89}


@pytest.mark.parametrize("name", RECIPES)
def test_a_model_tells_the_recipe_by_which_it_was_made(name):
    told = NeuralNetwork.load(shipped_model(RECIPES[name][0].name)).training
    recipe = vars(train_model.parse(RECIPES[name][1].split()))
    told_options = told.keys() & recipe.keys() - {"dataset"}
    assert {option: told[option] for option in told_options} == {option: recipe[option] for option in told_options}
    assert {"hidden_nodes", "committee", "learning_rate", "epochs", "weight_decay", "seed", "distort"} <= told_options
    assert told["sources"] == SOURCES[name]
    assert told["dataset"] == (recipe["dataset"] or "mnist_train.csv handwriting.csv")


@pytest.mark.parametrize("name", RECIPES)
def test_a_model_is_small_can_be_taught_and_knows_how_sure_it_is(name):
    assert shipped_model(RECIPES[name][0].name).stat().st_size < 2.1 * MEGABYTE
    network = NeuralNetwork.load(shipped_model(RECIPES[name][0].name))
    assert set(network.extras) == {"memory_inputs", "memory_hidden", "memory_slopes"}
    assert 0.5 < network.training["temperature"] < 2


def test_half_precision_hardly_changes_what_a_model_answers(digits_model, tmp_path):
    whole, half = digits_model, tmp_path / "half.npz"
    half.write_bytes(whole.read_bytes())
    finish(half, "somewhere")
    with np.load(half) as file:
        assert {file[name].dtype.name for name in ("wih", "who")} == {"float16"}
    before, after = NeuralNetwork.load(whole), NeuralNetwork.load(half)
    inputs = load("digits", "test").inputs
    assert np.abs(after.query(inputs) - before.query(inputs)).max() < 0.005
    assert after.wih.dtype == np.float32
    assert after.training == before.training | {"sources": "somewhere"}
    assert after.extras.keys() == before.extras.keys()


def test_the_models_know_digits_and_clothes():
    assert NeuralNetwork.load(shipped_model("mnist")).class_names == tuple("0123456789")
    assert NeuralNetwork.load(shipped_model("fashion")).class_names == FASHION.class_names


@pytest.mark.parametrize("name", RECIPES)
def test_a_model_reads_what_it_never_saw_and_is_as_sure_as_it_may_be(name, real_data, monkeypatch):
    for variable, value in real_data.items():
        monkeypatch.setenv(variable, value)
    test, at_least = load(RECIPES[name][0].name, "test"), LEAST_ACCURACY[name]
    network = NeuralNetwork.load(shipped_model(RECIPES[name][0].name))
    outputs = network.query(test.inputs)
    right, confidences = outputs.argmax(axis=1) == test.labels, confidence(network, outputs)
    unsure = is_unsure(confidences, membership(outputs))
    assert right.mean() > at_least
    assert abs(confidences.mean() - right.mean()) < 0.02
    assert right[~unsure].mean() > right.mean()
    assert unsure.mean() < 0.35
    assert np.isfinite(confidences).all()
