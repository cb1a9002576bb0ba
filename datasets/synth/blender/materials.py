"""Procedural Cycles materials: weathered paint, plaster, asphalt, masonry, glass, pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

Colour = tuple[float, float, float]


class Graph:
    """A material under construction: add nodes, wire sockets."""

    def __init__(self, name: str) -> None:
        """Start an empty material with a surface shader."""
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.shader = self.tree.nodes["Principled BSDF"]
        self.position = self.add("ShaderNodeNewGeometry").outputs["Position"]

    def add(self, kind: str, **inputs: Any) -> Any:
        """Add a node; keyword names are input sockets with `_` for a space."""
        node = self.tree.nodes.new(kind)
        for name, value in inputs.items():
            socket = node.inputs[name.replace("_", " ")]
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            else:
                socket.default_value = value
        return node

    def set(self, **inputs: Any) -> None:
        """Set or wire inputs of the surface shader."""
        for name, value in inputs.items():
            socket = self.shader.inputs[name.replace("_", " ")]
            if isinstance(value, bpy.types.NodeSocket):
                self.tree.links.new(value, socket)
            else:
                socket.default_value = value

    def stretch(self, scale: Colour, coords: Any = None) -> Any:
        """World position (or coords) times a per-axis scale."""
        node = self.add("ShaderNodeVectorMath")
        node.operation = "MULTIPLY"
        self.tree.links.new(coords or self.position, node.inputs[0])
        node.inputs[1].default_value = scale
        return node.outputs[0]

    def noise(self, scale: float, coords: Any = None, detail: float = 4.0) -> Any:
        """Fractal noise value around 0.5."""
        vector = coords or self.position
        node = self.add("ShaderNodeTexNoise", Vector=vector, Scale=scale, Detail=detail)
        return node.outputs[0]

    def remap(self, value: Any, source: tuple[float, float], target: tuple[float, float]) -> Any:
        """Clamped linear map of a value."""
        node = self.add("ShaderNodeMapRange", Value=value)
        for name, number in zip(
            ("From Min", "From Max", "To Min", "To Max"), (*source, *target), strict=True
        ):
            node.inputs[name].default_value = number
        return node.outputs[0]

    def multiply(self, first: Any, second: Any) -> Any:
        """Product of two values."""
        node = self.add("ShaderNodeMath")
        node.operation = "MULTIPLY"
        self.tree.links.new(first, node.inputs[0])
        self.tree.links.new(second, node.inputs[1])
        return node.outputs[0]

    def shade(self, colour: Any, factor: Any) -> Any:
        """A colour (tuple or socket) times a value."""
        node = self.add("ShaderNodeVectorMath")
        node.operation = "SCALE"
        if isinstance(colour, tuple):
            node.inputs[0].default_value = colour
        else:
            self.tree.links.new(colour, node.inputs[0])
        self.tree.links.new(factor, node.inputs["Scale"])
        return node.outputs[0]

    def bump(self, height: Any, strength: float, distance: float = 0.02) -> None:
        """Bend the shading normal by a height value."""
        node = self.add("ShaderNodeBump", Height=height, Strength=strength, Distance=distance)
        self.set(Normal=node.outputs[0])

    def soot(self, amount: float) -> Any:
        """Blotches, vertical rain streaks and a dark splash zone near the ground, as a factor."""
        blotch = self.remap(self.noise(1.7, detail=3), (0.35, 0.65), (1 - amount * 0.5, 1.0))
        rain = self.noise(1.0, self.stretch((5.0, 5.0, 0.3)), detail=2)
        factor = self.multiply(blotch, self.remap(rain, (0.4, 0.65), (1.0, 1 - amount * 0.45)))
        split = self.add("ShaderNodeSeparateXYZ", Vector=self.position)
        splash = self.remap(split.outputs["Z"], (0.0, 0.7), (1 - amount * 0.6, 1.0))
        return self.multiply(factor, splash)


def weathered(
    colour: Colour,
    *,
    variation: float = 0.25,
    scale: float = 4.0,
    roughness: float = 0.8,
    bump: float = 0.2,
    soot: float = 0.0,
    metallic: float = 0.0,
) -> Any:
    """Any plain painted, plastered or cloth surface with uneven tone."""
    graph = Graph("weathered")
    factor = graph.remap(graph.noise(scale), (0.3, 0.7), (1 - variation, 1 + variation * 0.3))
    if soot > 0:
        factor = graph.multiply(factor, graph.soot(soot))
    graph.set(Base_Color=graph.shade(colour, factor), Roughness=roughness, Metallic=metallic)
    if bump > 0:
        graph.bump(graph.noise(scale * 9, detail=3), bump)
    return graph.material


def asphalt(colour: Colour = (0.14, 0.138, 0.135)) -> Any:
    """Worn road surface with aggregate, patches and cracks."""
    graph = Graph("asphalt")
    patches = graph.remap(graph.noise(0.7), (0.35, 0.65), (0.65, 1.25))
    grain = graph.noise(120.0, detail=3)
    factor = graph.multiply(patches, graph.remap(grain, (0.3, 0.7), (0.6, 1.4)))
    warp = graph.add("ShaderNodeTexNoise", Vector=graph.position, Scale=1.5, Detail=3.0)
    mix = graph.add("ShaderNodeVectorMath")
    mix.operation = "MULTIPLY_ADD"
    graph.tree.links.new(warp.outputs["Color"], mix.inputs[0])
    mix.inputs[1].default_value = (1.2, 1.2, 0.0)
    graph.tree.links.new(graph.position, mix.inputs[2])
    cracks = graph.add("ShaderNodeTexVoronoi", Vector=mix.outputs[0], Scale=0.6)
    cracks.feature = "DISTANCE_TO_EDGE"
    dark = graph.remap(cracks.outputs["Distance"], (0.001, 0.008), (0.62, 1.0))
    graph.set(Base_Color=graph.shade(colour, graph.multiply(factor, dark)), Roughness=0.88)
    graph.bump(grain, 0.35, 0.01)
    return graph.material


def masonry(
    colours: tuple[Colour, Colour, Colour],
    brick_wh: tuple[float, float],
    *,
    upright: bool,
    mortar: float = 0.008,
    soot: float = 0.3,
    offset: float = 0.5,
) -> Any:
    """Bricks, wall tiles (upright) or paving (flat); colours are two bricks and the joint."""
    graph = Graph("masonry")
    coords = graph.position
    if upright:
        split = graph.add("ShaderNodeSeparateXYZ", Vector=graph.position)
        along = graph.add("ShaderNodeMath")
        graph.tree.links.new(split.outputs["X"], along.inputs[0])
        graph.tree.links.new(split.outputs["Y"], along.inputs[1])
        join = graph.add("ShaderNodeCombineXYZ", X=along.outputs[0], Y=split.outputs["Z"])
        coords = join.outputs[0]
    brick = graph.add(
        "ShaderNodeTexBrick",
        Vector=coords,
        Scale=1.0,
        Mortar_Size=mortar,
        Brick_Width=brick_wh[0],
        Row_Height=brick_wh[1],
        Color1=(*colours[0], 1),
        Color2=(*colours[1], 1),
        Mortar=(*colours[2], 1),
    )
    brick.offset = offset
    tone = graph.remap(graph.noise(1.3), (0.3, 0.7), (0.7, 1.12))
    tone = graph.multiply(tone, graph.remap(graph.noise(30.0), (0.3, 0.7), (0.85, 1.1)))
    if upright:
        tone = graph.multiply(tone, graph.soot(soot))
    graph.set(Base_Color=graph.shade(brick.outputs["Color"], tone), Roughness=0.8)
    graph.bump(graph.remap(brick.outputs["Fac"], (0, 1), (1, 0)), 0.5, 0.01)
    return graph.material


def glossy(
    colour: Colour, *, roughness: float = 0.08, metallic: float = 0.0, coat: float = 0.0
) -> Any:
    """Glass seen from outside, car paint, polished metal."""
    graph = Graph("glossy")
    graph.set(Base_Color=(*colour, 1), Roughness=roughness, Metallic=metallic, Coat_Weight=coat)
    return graph.material


def plastic_film(colour: Colour) -> Any:
    """Crinkled rubbish-bag film."""
    graph = Graph("film")
    tone = graph.remap(graph.noise(9.0), (0.3, 0.7), (0.75, 1.1))
    graph.set(Base_Color=graph.shade(colour, tone), Roughness=0.27)
    creases = graph.noise(17.0, graph.stretch((1.0, 1.3, 0.5)), detail=3)
    graph.bump(creases, 0.7, 0.045)
    return graph.material


def glowing(colour: Colour, strength: float) -> Any:
    """A lamp, a lit window or a lit sign."""
    graph = Graph("glowing")
    graph.set(Base_Color=(*colour, 1), Emission_Color=(*colour, 1), Emission_Strength=strength)
    return graph.material


def picture(path: Path, *, roughness: float = 0.75, emission: float = 0.0) -> Any:
    """An RGBA image by UV; its alpha cuts the sheet."""
    graph = Graph("picture")
    node = graph.add("ShaderNodeTexImage")
    node.image = bpy.data.images.load(str(path))
    tone = graph.remap(graph.noise(14.0), (0.3, 0.7), (0.86, 1.0))
    graph.set(
        Base_Color=graph.shade(node.outputs["Color"], tone),
        Alpha=node.outputs["Alpha"],
        Roughness=roughness,
    )
    if emission > 0:
        graph.set(Emission_Color=node.outputs["Color"], Emission_Strength=emission)
    return graph.material
