"""The semantic types of UMLS as a tree, with the interface of scispaCy's `semantic_type_tree`.

The types and their order are those of the UMLS Semantic Network of the US National Library of
Medicine (https://uts.nlm.nih.gov/uts/umls/semantic-network), which needs no licence.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

# One type a line, under the type that it is a part of.
TYPES = """\
T071 Entity
  T072 Physical Object
    T001 Organism
      T005 Virus
      T007 Bacterium
      T194 Archaeon
      T204 Eukaryote
        T002 Plant
        T004 Fungus
        T008 Animal
          T010 Vertebrate
            T011 Amphibian
            T012 Bird
            T013 Fish
            T014 Reptile
            T015 Mammal
              T016 Human
    T017 Anatomical Structure
      T018 Embryonic Structure
      T021 Fully Formed Anatomical Structure
        T023 Body Part, Organ, or Organ Component
        T024 Tissue
        T025 Cell
        T026 Cell Component
        T028 Gene or Genome
      T190 Anatomical Abnormality
        T019 Congenital Abnormality
        T020 Acquired Abnormality
    T073 Manufactured Object
      T074 Medical Device
        T203 Drug Delivery Device
      T075 Research Device
      T200 Clinical Drug
    T167 Substance
      T031 Body Substance
      T103 Chemical
        T104 Chemical Viewed Structurally
          T109 Organic Chemical
            T114 Nucleic Acid, Nucleoside, or Nucleotide
            T116 Amino Acid, Peptide, or Protein
          T196 Element, Ion, or Isotope
          T197 Inorganic Chemical
        T120 Chemical Viewed Functionally
          T121 Pharmacologic Substance
            T195 Antibiotic
          T122 Biomedical or Dental Material
          T123 Biologically Active Substance
            T125 Hormone
            T126 Enzyme
            T127 Vitamin
            T129 Immunologic Factor
            T192 Receptor
          T130 Indicator, Reagent, or Diagnostic Aid
          T131 Hazardous or Poisonous Substance
      T168 Food
  T077 Conceptual Entity
    T032 Organism Attribute
      T201 Clinical Attribute
    T033 Finding
      T034 Laboratory or Test Result
      T184 Sign or Symptom
    T078 Idea or Concept
      T079 Temporal Concept
      T080 Qualitative Concept
      T081 Quantitative Concept
      T082 Spatial Concept
        T029 Body Location or Region
        T030 Body Space or Junction
        T083 Geographic Area
        T085 Molecular Sequence
          T086 Nucleotide Sequence
          T087 Amino Acid Sequence
          T088 Carbohydrate Sequence
      T169 Functional Concept
        T022 Body System
    T090 Occupation or Discipline
      T091 Biomedical Occupation or Discipline
    T092 Organization
      T093 Health Care Related Organization
      T094 Professional Society
      T095 Self-help or Relief Organization
    T096 Group
      T097 Professional or Occupational Group
      T098 Population Group
      T099 Family Group
      T100 Age Group
      T101 Patient or Disabled Group
    T102 Group Attribute
    T170 Intellectual Product
      T089 Regulation or Law
      T185 Classification
    T171 Language
T051 Event
  T052 Activity
    T053 Behavior
      T054 Social Behavior
      T055 Individual Behavior
    T056 Daily or Recreational Activity
    T057 Occupational Activity
      T058 Health Care Activity
        T059 Laboratory Procedure
        T060 Diagnostic Procedure
        T061 Therapeutic or Preventive Procedure
      T062 Research Activity
        T063 Molecular Biology Research Technique
      T064 Governmental or Regulatory Activity
      T065 Educational Activity
    T066 Machine Activity
  T067 Phenomenon or Process
    T037 Injury or Poisoning
    T068 Human-caused Phenomenon or Process
      T069 Environmental Effect of Humans
    T070 Natural Phenomenon or Process
      T038 Biologic Function
        T039 Physiologic Function
          T040 Organism Function
            T041 Mental Process
          T042 Organ or Tissue Function
          T043 Cell Function
          T044 Molecular Function
            T045 Genetic Function
        T046 Pathologic Function
          T047 Disease or Syndrome
            T048 Mental or Behavioral Dysfunction
            T191 Neoplastic Process
          T049 Cell or Molecular Dysfunction
          T050 Experimental Model of Disease
"""
INDENT = 2


class SemanticTypeNode(NamedTuple):
    """A semantic type, as scispaCy has it.

    type_id (str): Its id, such as "T047"; empty for the root.
    full_name (str): Its name.
    children (list[SemanticTypeNode]): The types below it.
    level (int): Its depth; Entity and Event have 1.
    """

    type_id: str
    full_name: str
    children: "list[SemanticTypeNode]"
    level: int


@dataclass
class SemanticTypeTree:
    """Semantic types by id, depth and parent.

    root (SemanticTypeNode): The root, above Entity and Event.
    """

    root: SemanticTypeNode
    flat_nodes: list[SemanticTypeNode] = field(init=False, repr=False)
    type_id_to_node: dict[str, SemanticTypeNode] = field(init=False, repr=False)
    depth: int = field(init=False)

    def __post_init__(self) -> None:
        self.flat_nodes = [*self.get_children(self.root), self.root]
        self.type_id_to_node = {node.type_id: node for node in self.flat_nodes}
        self.depth = max(node.level for node in self.flat_nodes)

    def get_node_from_id(self, type_id: str) -> SemanticTypeNode:
        """Return a type by its id. RAISES (KeyError): If there is none."""
        return self.type_id_to_node[type_id]

    def get_canonical_name(self, type_id: str) -> str:
        """Return the name of a type. RAISES (KeyError): If there is none of this id."""
        return self.type_id_to_node[type_id].full_name

    def get_nodes_at_depth(self, level: int) -> list[SemanticTypeNode]:
        """Return the types of one depth."""
        return [node for node in self.flat_nodes if node.level == level]

    def get_children(self, node: SemanticTypeNode) -> list[SemanticTypeNode]:
        """Return all types below one, depth first."""
        return list(_below(node))

    def get_parent(self, node: SemanticTypeNode) -> SemanticTypeNode | None:
        """Return the type above one; None for the root."""
        return next((each for each in self.flat_nodes if node in each.children), None)

    def get_collapsed_type_id_map_at_level(self, level: int) -> dict[str, str]:
        """Map each type to its ancestor at a depth, and types that are not deeper to themselves."""
        mapped = {type_id: type_id for type_id in self.type_id_to_node}
        for node in self.get_nodes_at_depth(level):
            mapped.update((child.type_id, node.type_id) for child in self.get_children(node))
        return mapped


@cache
def semantic_type_tree() -> SemanticTypeTree:
    """Return the tree of all semantic types."""
    path = [SemanticTypeNode("", "UMLS Semantic Network", [], 0)]
    for level, type_id, name in _read_types(TYPES.splitlines()):
        node = SemanticTypeNode(type_id, name, [], level)
        path[level:] = [node]
        path[level - 1].children.append(node)
    return SemanticTypeTree(path[0])


def _read_types(lines: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    for line in lines:
        type_id, _, name = line.strip().partition(" ")
        yield 1 + (len(line) - len(line.lstrip())) // INDENT, type_id, name


def _below(node: SemanticTypeNode) -> Iterator[SemanticTypeNode]:
    for child in node.children:
        yield child
        yield from _below(child)
