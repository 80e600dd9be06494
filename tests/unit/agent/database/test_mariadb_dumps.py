"""Dumps of MariaDB, as text: what one may hold, and where each statement of it ends."""

from __future__ import annotations

import gzip
import shutil
import time
from pathlib import Path

import pytest

from pytest_rollback.agent.database import dump_file
from pytest_rollback.agent.database.mariadb import allowed, dump
from pytest_rollback.agent.database.mariadb.statements import MOST, statements
from pytest_rollback.agent.database.messages import DumpRequest, DumpState

HEAD = """\
/*M!999999\\- enable the sandbox mode */ \n\
-- MariaDB dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: shop
-- ------------------------------------------------------
-- Server version\t10.11.6-MariaDB-0+deb12u1

/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;
/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */;
DROP TABLE IF EXISTS `goods`;
CREATE TABLE `goods` (
  `id` int(11) NOT NULL DEFAULT nextval(`numbers`),
  `words` enum('a;b','c''d') DEFAULT 'x' COMMENT '-- /* \\\\'
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
LOCK TABLES `goods` WRITE;
/*!40000 ALTER TABLE `goods` DISABLE KEYS */;
INSERT INTO `goods` VALUES
(1,'it''s; \\' \\\\'),(-2.5e-3,NULL),(3,_binary '\\0;'),(4,0x00FF);
"""
END = """\
UNLOCK TABLES;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;
/*M!100616 SET NOTE_VERBOSITY=@OLD_NOTE_VERBOSITY */;

-- Dump completed on 2026-11-30  3:04:05
"""

HOSTILE = (
    "\\! touch /tmp/x",
    "SELECT 1 \\! touch /tmp/x\n;",
    "system touch /tmp/x;",
    "source /etc/passwd;",
    "\\. /etc/passwd",
    "INSERT INTO `goods` VALUES (1,'\\\\') \\! id\n,(2,'');",
    "USE mysql;",
    "CREATE DATABASE other;",
    "DROP DATABASE shop;",
    "DROP TABLE `shop`.`goods`;",
    "DROP TABLE goods, other.goods;",
    "INSERT INTO `shop`.`goods` VALUES (1,'x');",
    "INSERT INTO shop.goods VALUES (1,'x');",
    "INSERT INTO `goods` SELECT * FROM other.goods;",
    "INSERT INTO `goods` VALUES ((SELECT 1),'x');",
    "INSERT INTO `goods` VALUES (1,load_file('/etc/passwd'));",
    "INSERT INTO `goods` VALUES (1,@@datadir);",
    "INSERT INTO `goods` VALUES (1,sleep(100));",
    "INSERT INTO `goods` VALUES (1,`sleep`(100));",
    "INSERT INTO `goods` VALUES (1,'x'); DROP DATABASE shop;",
    "INSERT INTO `goods` VALUES (1,'x') ON DUPLICATE KEY UPDATE id=(SELECT 1);",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE goods;",
    "SELECT 1 INTO OUTFILE '/tmp/x';",
    "SET GLOBAL general_log=1;",
    "SET @@GLOBAL.GTID_PURGED='x';",
    "SET PASSWORD = '';",
    "SET NAMES gbk;",
    "SET character_set_client = sjis;",
    "SET SQL_MODE='ANSI_QUOTES';",
    "SET sql_mode='NO_BACKSLASH_ESCAPES';",
    "SET autocommit=0, @a = (SELECT 1);",
    "GRANT ALL ON *.* TO shop@localhost;",
    "CREATE USER x;",
    "CREATE TABLE `t` (a int) ENGINE=InnoDB DATA DIRECTORY='/tmp';",
    "CREATE TABLE `t` (a int) ENGINE=CONNECT TABLE_TYPE=CSV;",
    "CREATE TABLE `t` (a int) ENGINE=FEDERATED CONNECTION='mysql://x';",
    "CREATE TABLE `t` (a int) SELECT * FROM mysql.user;",
    "CREATE TABLE `t` (a int, FOREIGN KEY (a) REFERENCES `other`.`goods` (`id`)) ENGINE=InnoDB;",
    "CREATE TABLE `t` LIKE `mysql`.`user`;",
    "CREATE TABLE `other`.`t` (a int);",
    "ALTER TABLE goods ADD COLUMN x int;",
    "RENAME TABLE goods TO other.goods;",
    "PREPARE x FROM 'DROP DATABASE shop';",
    "EXECUTE IMMEDIATE 'DROP DATABASE shop';",
    "CALL mysql.x();",
    "DO sleep(100);",
    "HANDLER goods OPEN;",
    "INSTALL SONAME 'x';",
    "SHUTDOWN;",
    "BEGIN NOT ATOMIC DROP DATABASE shop; END;",
    "/*!99999 DROP DATABASE shop */;",
    "/*M!110000 DROP DATABASE shop */;",
    "/*! DROP DATABASE shop */;",
    "INSERT INTO `goods` VALUES /*!50801 (1,'*/ /*!50000 '), */ (2,'x');",
    "DELIMITER //\nDROP DATABASE shop//\nDELIMITER ;",
)


@pytest.fixture(autouse=True)
def client() -> None:
    """The client is asked for: a dump without one is a problem of its own."""
    if not shutil.which("mariadb"):
        pytest.skip("not run: no mariadb; apt-get install mariadb-client")


def read(path: Path, text: str | bytes) -> tuple[DumpState, dump.DumpText]:
    """Return what is read of a dump with this text."""
    raw = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(raw)
    path.chmod(0o600)
    return dump.read(DumpRequest(str(path), "", 30.0))


def test_what_is_written_by_the_tool_is_read(tmp_path: Path) -> None:
    """Its header, its end, its tables and those with rows; compressed it is the same."""
    for text in ((HEAD + END).encode(), gzip.compress((HEAD + END).encode())):
        state, said = read(tmp_path / "dump", text)

        assert state.problems == ()
        assert (said.database, said.server[:8], said.is_complete) == ("shop", "10.11.6-", True)
        assert (said.tables, said.filled) == ({"goods"}, {"goods"})
        assert time.localtime(said.made)[:6] == (2026, 11, 30, 3, 4, 5)


@pytest.mark.parametrize("statement", HOSTILE)
def test_what_does_more_than_fill_a_database_is_refused(tmp_path: Path, statement: str) -> None:
    """With the line that it stands on, whatever comes before."""
    state, said = read(tmp_path / "dump", f"{HEAD}{statement}\n{END}")

    assert said.refused, statement
    assert said.refused[0].startswith(f"line {HEAD.count(chr(10)) + 1}") or "DELIMITER" in statement
    assert any("would do more" in each for each in state.problems)


@pytest.mark.parametrize(
    "words",
    [
        "TRIGGER `kept` BEFORE DELETE ON `goods` FOR EACH ROW BEGIN SET @a = 1; END",
        "DEFINER=`root`@`%` PROCEDURE `x`() BEGIN DROP DATABASE shop; END",
        "DEFINER=`root`@`localhost` FUNCTION `x`() RETURNS int RETURN 1",
        "EVENT `x` ON SCHEDULE EVERY 1 DAY DO DROP TABLE goods",
    ],
)
def test_what_runs_by_itself_stands_in_the_way(tmp_path: Path, words: str) -> None:
    """Triggers, routines and events are named, and nothing of them is sent."""
    text = f"DELIMITER ;;\n/*!50003 CREATE {words} */;;\nDELIMITER ;\n"
    state, said = read(tmp_path / "dump", HEAD + text + END)

    assert said.refused == []
    assert len(said.standing) == 1
    assert "stands in the way" in state.problems[0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text[: len(text) // 2], "cut off"),
        (lambda text: text.replace("-- Dump completed", "-- Dump"), "cut off"),
        (lambda text: text.replace("UNLOCK", "INSERT INTO `goods` VALUES (1,'"), "cut off"),
        (lambda text: text.split("DROP TABLE")[0] + END, "has no tables"),
        (lambda _: "", "is empty"),
        (lambda _: "CREATE TABLE x (a int);", "is no SQL of mariadb-dump"),
        (lambda text: gzip.compress(text.encode())[:-20], "cannot be read completely"),
    ],
)
def test_a_dump_that_is_not_whole_is_told(tmp_path: Path, change: object, problem: str) -> None:
    """In words, and not as an error."""
    state, _ = read(tmp_path / "dump", change(HEAD + END))  # type: ignore[operator]

    assert any(problem in each for each in state.problems), state.problems
    assert len(state.problems) == 1


def test_a_dump_that_others_can_read_is_told(tmp_path: Path) -> None:
    """It holds what users wrote."""
    read(tmp_path / "dump", HEAD + END)
    (tmp_path / "dump").chmod(0o644)

    found = dump.look(DumpRequest(str(tmp_path / "dump"), "", 30.0))
    assert "mode 0644" in found.problems[0]


def test_the_end_of_a_statement_is_where_the_server_sees_it() -> None:
    """Blocks may end anywhere; names, strings and comments hide what is in them."""
    text = b"INSERT INTO `a;``b` VALUES ('\\'; ''x',\"'\"); -- ;\n# ;\n/* ; */ COMMIT;\nX"
    for size in (1, 3, 7, len(text)):
        blocks = [text[at : at + size] for at in range(0, len(text), size)]
        found = list(statements(dump_file.lines_of(blocks)))

        assert [each.shape.strip() for each in found[:2]] == [
            b"INSERT INTO `a;``b` VALUES ('''',\"\")",
            b"COMMIT",
        ]
        assert [each.wrong for each in found] == ["", "", "is cut off in the middle of a statement"]
    assert allowed.judged(found[0]).name == "a;`b"


def test_a_statement_has_an_end() -> None:
    """What is larger than a server takes is told, and not kept."""
    lines = [b"INSERT INTO a VALUES (\n", *[b"1," * (1 << 20)] * (MOST >> 21), b"1,1,1);\n"]
    (found,) = statements(lines)

    assert "more than" in found.wrong


def test_a_whole_dump_is_read_in_time(tmp_path: Path) -> None:
    """Its time is in proportion to its bytes."""
    row = "(1,'" + "it\\'s; " * 8 + "'),\n"
    text = HEAD + "INSERT INTO `goods` VALUES\n" + row * 100_000 + "(1,'');\n" + END
    state, said = read(tmp_path / "dump", text)

    assert (state.problems, said.filled) == ((), {"goods"})
    assert state.seconds < 10
