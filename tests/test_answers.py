"""What clients get of pictures with several digits."""

import io
from typing import Any

import cv2
import numpy as np
import pytest
from flask.testing import FlaskClient

import server
from data.data_sets import bundled_digits, shipped_model
from drawing.decoding import decode
from neural_network import NeuralNetwork
from tests.asking import WholeAnswers, assert_problem, data_url, picture, saved, seven
from tests.drawings import side_by_side
from web.messages import picture_file

PLAIN = {"text", "confidence", "unsure", "lines", "class_names", "digits", "left_out"}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    app = server.create_app({"MODEL": shipped_model()})
    app.test_client_class = WholeAnswers
    return app.test_client()


@pytest.fixture(scope="module")
def number() -> tuple[bytes, str]:
    """A picture of the first four test digits of scikit-learn, and what they are."""
    pixels, labels = bundled_digits("test")
    return picture(side_by_side(pixels[:4])), "".join(map(str, labels[:4]))


def post(client: FlaskClient, file: bytes, route: str = "/read") -> Any:
    answer = client.post(route, data=file, content_type="image/png")
    assert answer.status_code == 200, answer.text
    return answer.json


def test_a_number_is_read_however_it_is_sent(client, number):
    file, text = number
    answers = [
        client.post("/read", json={"imageData": data_url(file)}).json,
        client.post("/read", data={"image": (io.BytesIO(file), "n.png")}).json,
        post(client, file),
    ]
    assert [answer["text"] for answer in answers] == [text] * 3
    assert answers[0] == answers[1] == answers[2]


def test_each_digit_has_its_answer_and_its_place(client, number):
    file, text = number
    answer = post(client, file)
    assert set(answer) == PLAIN
    assert [digit["label"] for digit in answer["digits"]] == [*text]
    assert answer["lines"] == 1
    for place, digit in enumerate(answer["digits"]):
        box = digit["box"]
        assert 20 + 145 * place <= box["x"] < box["x"] + box["width"] <= 160 + 145 * place
        assert 30 <= box["y"] < box["y"] + box["height"] <= 170
        assert digit["line"] == 0
        assert answer["class_names"][np.argmax(digit["outputs"])] == digit["label"]
        assert digit["digit"] == max(digit["outputs"])
    assert 0 < answer["confidence"] <= min(digit["confidence"] for digit in answer["digits"]) + 0.05


def test_the_pixels_of_a_digit_can_be_asked_about_and_taught(client, number):
    for digit in post(client, number[0], "/read?include=pixels")["digits"]:
        alone = client.post("/query", json={"inputs": digit["pixels"]}).json
        assert alone["label"] == digit["label"]
        assert alone["outputs"] == pytest.approx(digit["outputs"], abs=1e-4)


def test_the_steps_show_ink_and_pieces_and_what_was_chosen(client, number):
    answer = post(client, number[0], "/read?include=steps")
    assert [step["name"] for step in answer["steps"]] == ["picture", "ink", "pieces"]
    for step in answer["steps"]:
        assert max(decode(picture_file({"imageData": step["image"]})).shape) <= 280
    chosen = [candidate["box"] for candidate in answer["candidates"] if candidate["chosen"]]
    assert [digit["box"] for digit in answer["digits"]] == sorted(chosen, key=lambda box: box["x"])


def test_the_steps_of_one_digit_are_those_of_a_picture_of_one_digit(client):
    read = post(client, seven(), "/read?include=steps,pixels")
    asked = post(client, seven(), "/query?include=steps,pixels")
    assert [step["name"] for step in read["steps"]] == ["picture", "ink", "digit", "stroke", "pixels"]
    assert (read["steps"], read["digits"][0]["pixels"]) == (asked["steps"], asked["pixels"])


def test_two_lines_are_told_and_read_from_top_to_bottom(client, number):
    file, text = number
    paper = decode(file)
    answer = post(client, picture(np.vstack([paper, paper])))
    assert (answer["lines"], answer["text"]) == (2, f"{text}\n{text}")
    assert [digit["line"] for digit in answer["digits"]] == [0] * 4 + [1] * 4


def test_the_pixels_of_one_digit_are_a_number(client):
    pixels, labels = bundled_digits("test")
    answer = client.post("/read", json={"inputs": pixels[0].tolist()}).json
    assert answer["text"] == str(labels[0])
    box = answer["digits"][0]["box"]
    assert 0 <= box["x"] < box["x"] + box["width"] <= 28


def test_marks_without_a_digit_are_an_empty_text_with_what_was_left_out(client):
    paper = np.full((200, 400), 255, np.uint8)
    for left in (60, 180, 300):
        cv2.line(paper, (left, 100), (left + 50, 100), 0, 10)
    answer = post(client, picture(paper))
    assert (answer["text"], answer["unsure"], answer["digits"]) == ("", True, [])
    assert [box["x"] for box in answer["left_out"]] == pytest.approx([55, 175, 295], abs=3)


def test_nothing_to_read_is_refused(client):
    empty = picture(np.full((280, 700), 255, np.uint8))
    assert_problem(client.post("/read", data=empty, content_type="image/png"), 422, "no-ink")
    assert_problem(client.post("/read", json={"inputs": [0] * 784}), 422, "no-ink")
    assert_problem(client.post("/read?include=hidden", data=seven(), content_type="image/png"), 400, "bad-include")


def test_more_than_a_line_can_hold_is_refused(client):
    pixels, _ = bundled_digits("test")
    line = picture(cv2.resize(side_by_side(pixels[:36]), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    answer = client.post("/read", data=line, content_type="image/png")
    assert_problem(answer, 422, "bad-image")
    assert "at most 32" in answer.get_json()["detail"]


def test_a_model_that_knows_no_digits_reads_no_numbers(tmp_path):
    network = NeuralNetwork(784, 2, 2, 0.1)
    network.class_names = ("Coat", "Bag")
    client = server.create_app({"MODEL": saved(network, tmp_path)}).test_client()
    refused = client.post("/read", data=seven(), content_type="image/png")
    assert_problem(refused, 422, "no-numbers")
    assert "/query" in refused.get_json()["detail"]
    assert "digits_seen" not in client.post("/query", data=seven(), content_type="image/png").get_json()


@pytest.mark.parametrize("route", ["/query", "/recognize-digit"])
def test_one_answer_for_several_digits_is_unsure_and_says_how_many_there_are(client, number, route):
    several = client.post(route, json={"imageData": data_url(number[0])}).json
    assert (several["digits_seen"], several["unsure"]) == (4, True)
    one = client.post(route, json={"imageData": data_url(seven())}).json
    assert "digits_seen" not in one
