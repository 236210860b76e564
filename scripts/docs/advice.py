"""What to do about messages that consist of one sentence, for the page of error codes."""

ADVICE = {
    "E030": "Change the setting to one of the allowed values.",
    "E031": "Use the name that the message suggests. Other settings cannot change for one call: "
    "set them on the component.",
    "E056": "Check the folder's permissions and the space on the disk.",
    "E086": "Write the rule in the form of the message.",
    "E103": "Load the pipeline with spacy.load() first, which shows the same error alone.",
    "E107": "Run the command in the message.",
    "E109": "Wait for the other run, or choose another folder.",
    "E111": "Give the folder of a causal language model, or its Hugging Face name.",
    "E123": "Name a pipeline with a parser, or leave the option out.",
    "E140": "Use the name that the message suggests, or one of those it lists.",
    "W007": "Remove the repetition from the labels.",
    "W011": "Nothing, if they may be missing in the output. Otherwise correct their offsets.",
    "W012": "Nothing, if they may be missing. The other formats keep every character.",
    "W150": "Nothing. Remove the rows if you want no warning.",
    "W161": "Nothing: the entities are kept without the white space.",
    "W163": "Nothing: entities are all that training needs.",
}
