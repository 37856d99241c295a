"""The user is told which of his prices will not be used."""

from engine_scene import LINE, Scene, settings

from mmbot.config.settings import GuardsConfig
from mmbot.domain.instant import SECOND
from mmbot.engine import events as e


def test_a_price_that_will_not_be_used_is_doubted_with_its_reason() -> None:
    scene = Scene(config=settings(guards=GuardsConfig(hold_s=1.0, price_age_s=60.0))).quoted()
    line_id = scene.venue.line_id(*LINE, 0)
    engine, now = scene.run.engine, scene.now
    assert engine.price_doubt(e.PriceGiven(line_id, 0.5, now), now) is None
    assert engine.price_doubt(e.PriceGiven("nobody's", 0.5, now), now) == "unknown_line"
    assert engine.price_doubt(e.PriceGiven(line_id, 0.5, now - 60 * SECOND), now) == "too_old"
    scene.run.tell(e.PriceGiven(line_id, 0.5, now))
    assert engine.price_doubt(e.PriceGiven(line_id, 0.5, now - SECOND), now) == "newer_known"
    scene.close()
