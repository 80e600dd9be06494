"""A compose project of two services: ready, rolled back, undone, and rolled back again."""

from __future__ import annotations

import time

from tests.containers.project import Shop

ARM = "--arm=here"


def test_a_project_is_ready_rolled_back_undone_and_rolled_back_again(shop: Shop) -> None:
    """What runs is the image of each release, and volumes stay."""
    shop.release()
    shop.podman("volume", "inspect", "shop_kept")
    before = shop.podman("volume", "inspect", "--format", "{{.CreatedAt}}", "shop_kept")
    seen = []
    for command in (("ready",), ("drill", ARM), ("undo", ARM), ("drill", ARM)):
        run = (shop.record()["run"],) if command[0] == "undo" else ()
        code, text = shop.rollback(*command, *run)
        assert code == 0, text
        seen.append({shop.running(each) for each in ("store", "web")})

    first, second = ({shop.image(name)} for name in ("localhost/shop:1", "localhost/shop:2"))
    assert seen == [second, first, second, first]
    assert shop.podman("volume", "inspect", "--format", "{{.CreatedAt}}", "shop_kept") == before


def test_a_previous_image_that_is_gone_stops_nothing(shop: Shop) -> None:
    """The drill is refused at its entry, with the command that brings the image back."""
    shop.release()
    before = shop.started()
    shop.podman("rmi", "--force", "localhost/shop:1")
    code, text = shop.rollback("drill", ARM)
    shop.podman.build("localhost/shop:1", "1")

    told = " ".join(text.split())

    assert code == 1, text
    assert "readiness.release.kept" in told
    assert "is not on this host any more" in told
    assert "podman pull localhost/shop@sha256:" in told.replace("- ", "-")
    assert shop.started() == before


def test_a_container_that_does_not_become_healthy_is_not_recovered(shop: Shop) -> None:
    """Its probe answers; its health command does not."""
    shop.release()
    shop.podman("exec", "shop_store_1", *shop.words("open('/data/ill', 'w').close()"))
    shop.manifest.write_text(shop.manifest.read_text().replace('start = "120s"', 'start = "20s"'))
    code, text = shop.rollback("drill", ARM)

    assert code == 1, text
    assert "NOT RECOVERED" in text
    assert "its health is" in " ".join(text.split())
    assert shop.reds_of_last() >= {"drill.services.started"}


def test_what_is_killed_is_gone_on_with_by_the_same_command(shop: Shop) -> None:
    """In the midst of a start, with one service of each release."""
    shop.release()
    assert shop.rollback("ready")[0] == 0
    with shop.begun("drill", ARM) as drill:
        until = time.monotonic() + 200
        while shop.running("store") != shop.image("localhost/shop:1"):
            assert time.monotonic() < until
            assert drill.poll() is None
            time.sleep(0.2)
        shop.kill(drill)
    code, text = shop.rollback("drill", ARM)

    assert code == 0, text
    assert {shop.running(each) for each in ("store", "web")} == {shop.image("localhost/shop:1")}
