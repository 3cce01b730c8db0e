import re

from click.testing import CliRunner

from ml.data.common_encoding import read_encoding
from ml.data.loans import book
from scripts.encoding import cli


def test_founders_write_the_encoding_and_are_told_what_to_configure(tmp_path):
    book(300).to_csv(tmp_path / "public.csv", index=False)
    out = tmp_path / "encoding.json"
    result = CliRunner().invoke(cli, ["--data", str(tmp_path / "public.csv"), "--out", str(out)])
    assert result.exit_code == 0, result.output
    encoding = read_encoding(out)
    assert f"row_shape: [{encoding.inputs}]" in result.output
    assert re.search(r"encoding: '0x([0-9a-f]{64})'", result.output)[1] == encoding.digest.hex()


def test_a_file_that_is_missing_is_said(tmp_path):
    result = CliRunner().invoke(cli, ["--data", str(tmp_path / "no.csv"), "--out", str(tmp_path / "e.json")])
    assert result.exit_code == 1 and "there is no file" in result.output
