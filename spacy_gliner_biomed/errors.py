"""All messages, with codes. Each says what was found, what is allowed and what to do."""

from spacy_gliner_biomed.counting import Counted


class Errors:
    """Messages of raised errors."""

    # Checkpoints
    E010 = (
        "[GB-E010] This checkpoint needs {found}, which is not supported. Supported models are "
        "uni-encoder and bi-encoder span models (span_mode 'markerV0', 'marker', 'markerV1' or "
        "'markerV2') and token models (span_mode 'token_level'). Use another checkpoint, or load "
        "this one with the GLiNER package."
    )
    E011 = (
        "[GB-E011] {folder} has no weights; found: {found}. A checkpoint needs 'model.safetensors' "
        "or 'pytorch_model.bin' beside its 'gliner_config.json'. Copy or download the checkpoint "
        "again."
    )
    E012 = (
        "[GB-E012] The weights in {path} cannot be read: {error}. The file may be truncated, or it "
        "may contain objects other than tensors, which are refused. Copy or download it again, or "
        "export it to safetensors."
    )
    E013 = (
        "[GB-E013] The checkpoint's tensors do not match its gliner_config.json. Every tensor must "
        "be present and have the expected shape.\n  missing: {missing}\n  unexpected: "
        "{unexpected}\n  shape: {shapes}\nCheck that the weights and the config belong to the same "
        "checkpoint."
    )
    E014 = (
        "[GB-E014] Unknown word splitter {found!r}. Supported splitters are: {allowed}. Correct "
        "'words_splitter_type' in the checkpoint's gliner_config.json."
    )
    E015 = (
        "[GB-E015] {folder} is not a GLiNER checkpoint: it has no 'gliner_config.json'; found: "
        "{found}. Set 'checkpoint' to a checkpoint folder, to a Hugging Face repository name such "
        "as 'Ihor/gliner-biomed-base-v1.0', or to 'packaged'."
    )
    E016 = (
        "[GB-E016] {path} cannot be read as JSON: {error}. Copy or download the checkpoint again."
    )
    E017 = (
        "[GB-E017] {what} cannot be loaded from the Hugging Face hub: {error}. Without internet "
        "access, download it on another machine ('hf download {name}') and set 'checkpoint' to "
        "that folder, or fill the hub's cache first; with HF_HUB_OFFLINE=1, only the cache is "
        "used. If {name!r} is meant to be a folder, it does not exist (the current folder is "
        "{cwd})."
    )
    E018 = (
        "[GB-E018] The tokenizer and the weights do not match: {found}. Check 'class_token_index' "
        "and 'vocab_size' in gliner_config.json, and the tokenizer's files."
    )
    E019 = (
        "[GB-E019] This installation has no packaged model ({folder}). Set 'checkpoint' to a "
        "folder with a GLiNER checkpoint or to a Hugging Face repository name, e.g. "
        'config={{"model": {{"checkpoint": "Ihor/gliner-biomed-base-v1.0"}}}}.'
    )
    E070 = (
        "[GB-E070] The tensors {names} share one weight in this network, but have different values "
        "in the checkpoint. Check that the weights and the config belong to the same checkpoint."
    )
    E071 = (
        "[GB-E071] The tokenizer {path} cannot be read: {error}. Copy or download the "
        "checkpoint again."
    )
    E072 = (
        "[GB-E072] In gliner_config.json, {name!r} must be {allowed}; found {found}. Copy or "
        "download the checkpoint again."
    )
    E130 = (
        "[GB-E130] {where} are not finite (NaN or infinity) in: {names}. Such a model would miss "
        "entities without an error. Copy or download the checkpoint again. If this happened in "
        "training, go back to an earlier model and train with a lower learning rate."
    )
    E131 = (
        "[GB-E131] The network's vectors of {what} are not finite (NaN or infinity). With "
        "precision='float16', some encoders overflow: use 'bfloat16' or 'float32'. With 'float32', "
        "the weights are damaged: copy or download the checkpoint again. If this happened in "
        "training, go back to an earlier model and train with a lower learning rate."
    )
    E133 = (
        "[GB-E133] {what} needs Python code from its repository ('auto_map' in its config), which "
        "is never run here. Use a checkpoint whose architecture is part of transformers."
    )
    E134 = (
        "[GB-E134] {path} is a pickled file, which torch {found} cannot read safely "
        "(CVE-2025-32434, CVE-2026-24747). Install torch>=2.10, or export the weights to "
        "'model.safetensors'."
    )
    E135 = (
        "[GB-E135] {path} has changed since it was saved: its SHA-256 differs from the one in "
        "{extras}. Copy or download the checkpoint again. If you changed the file on purpose, "
        "remove its name from 'sha256' in {extras}."
    )
    E136 = (
        "[GB-E136] {name} has values that are too large for {dtype}. Use 'bfloat16' or 'float32'."
    )
    E137 = (
        "[GB-E137] The bytes of this model contain the file {found!r}. Only files of a checkpoint "
        "folder are allowed. Nothing was written. Save the model again with to_bytes()."
    )
    E261 = (
        "[GB-E261] {folder} is a GLiNER2 checkpoint (architecture {found!r} in its config.json), "
        "another format than GLiNER's, which is not supported: it has no 'gliner_config.json'. "
        "Set 'checkpoint' to a GLiNER checkpoint such as 'Ihor/gliner-biomed-base-v1.0', or load "
        "this one with the gliner2 package."
    )
    E262 = (
        "[GB-E262] The checkpoint stores the vectors of its labels (precomputed_prompts_mode) and "
        "can be asked for no others; it has none of: {found}. Set 'labels' to some of: {allowed}. "
        "To write another label on the Doc, give one of these as its 'prompt'."
    )
    E391 = (
        "[GB-E391] {path} was saved with the checkpoint and is missing. Copy or download the "
        "checkpoint again. If you removed the file on purpose, remove its name from 'sha256' in "
        "{extras}."
    )
    E414 = (
        "[GB-E414] transformers cannot build the encoder {name!r} of this checkpoint: {error}. "
        "Install a version of transformers that supports it, or use another checkpoint."
    )

    # Labels
    E020 = (
        "[GB-E020] The label {label!r} contains {token!r}, the marker that the model reads before "
        "each label. Give the label another 'prompt'."
    )
    E021 = (
        "[GB-E021] The label {label!r} has no character that the model's tokenizer knows. Give it "
        "another prompt: {{'label': {label!r}, 'prompt': '...'}}."
    )
    E022 = Counted(
        "[GB-E022] The label {label!r} has {n:subtoken|subtokens}. The maximum is {limit:,}, which "
        "leaves room for the text. Shorten its prompt, or raise 'batch_subtokens' if that setting "
        "is the limit."
    )
    E023 = (
        "[GB-E023] An entry of 'labels' must be a string or a dict with 'label' and, optionally, "
        "'prompt' and 'threshold'; found {found!r}. Neither label nor prompt may be blank."
    )
    E024 = Counted(
        "[GB-E024] The label {label!r} has {n:subtoken|subtokens}. The maximum of the model's "
        "label encoder is {limit:,}. Shorten its prompt."
    )
    E025 = (
        "[GB-E025] The label {label!r} has two thresholds {found} for the same prompt. Keep one of "
        "them."
    )
    E026 = (
        "[GB-E026] Layout marks cannot be added to this checkpoint: its vocabulary has no token "
        "{token!r}. Set 'layout' to false, or use an encoder whose vocabulary has unused tokens, "
        "such as BERT."
    )
    E263 = (
        "[GB-E263] Layout marks need a checkpoint that represents a word by its first subtoken; "
        "this one has subtoken_pooling {found!r}, in which a mark would become part of the word. "
        "Set 'layout' to false, or use another checkpoint."
    )
    E390 = (
        "[GB-E390] The label, relation or prompt {found!r} holds half of a surrogate pair, which "
        "no file can hold. Remove that character."
    )
    E418 = (
        "[GB-E418] The label, relation or prompt {found!r} holds '${{', which begins a variable in "
        "spaCy's configs. Remove one of the characters."
    )

    # Relations
    E260 = (
        "[GB-E260] This checkpoint finds relations between entities with {found}, which is not "
        "supported. Supported is relations_layer {layers}, without triples_layer or with {scores}, "
        "and labels that are read with the text. Use another checkpoint, or load this one with "
        "the GLiNER package."
    )
    E280 = (
        "[GB-E280] The checkpoint {source} finds no relations, but 'relations' asks for {found}. "
        "Set 'relations' to [], or use a checkpoint with relations (a 'relations_layer' in its "
        "gliner_config.json)."
    )
    E281 = Counted(
        "[GB-E281] The prompts of the relations have {n:subtoken|subtokens}; there is room for "
        "{limit:,} beside labels and text. Ask for fewer relations at once, use shorter prompts, "
        "or raise 'batch_subtokens'."
    )
    E282 = (
        "[GB-E282] An entry of 'relations' must be a string, or a dict with 'relation' and, if you "
        "like, 'prompt', 'threshold', 'head' and 'tail' (a label or a list of labels); found "
        "{found!r}."
    )
    E283 = (
        "[GB-E283] An entry of doc._.relations must be two different spans of the same Doc with a "
        "label and a finite score, as in Relation(head, tail, 'treats', 0.9); found {found}."
    )
    E350 = (
        "[GB-E350] Relations cannot be added to the checkpoint {source}: it is {found}. Use a "
        "uni-encoder whose labels are read with the text."
    )
    E351 = (
        "[GB-E351] relations_layer {found!r} is not supported. Supported are: {allowed}; or null "
        "for a network without relations."
    )
    E360 = (
        "[GB-E360] --relations cannot be read: {error}. Give a JSON list as in "
        '\'["causes", {{"relation": "treats", "head": ["drug"], "tail": ["disease"]}}]\', or words '
        'separated by commas: "treats,causes".'
    )
    E361 = (
        "[GB-E361] The model of this service finds no relations, but the request asks for {found}. "
        "Leave 'relations' out, or start the service with a checkpoint that finds relations."
    )
    E362 = (
        "[GB-E362] The relation {relation!r} is limited to the labels {found} as its {end}, but "
        "none of them is among the labels that are asked for. Add one to 'labels', or check their "
        "spelling."
    )

    # Settings
    E030 = "[GB-E030] The setting {name!r} must be {allowed}; found {found!r}."
    E031 = (
        "[GB-E031] Unknown option {found} in a call of {component!r}.{hint} The options of a "
        "call are: {allowed}."
    )
    E032 = Counted(
        "[GB-E032] window={window} and stride={stride} would cut spans of up to "
        "{width:word|words}. With this model, the window must be at least {minimum}, and the "
        "stride from 1 to window - {width}. Set both to null to use the checkpoint's values."
    )
    E033 = (
        "[GB-E033] torch cannot use the device {device!r} here: {error}. Set 'device' of "
        "'gliner_biomed' to null (follows spacy.prefer_gpu()), 'cpu', 'cuda', 'cuda:N' or 'mps'."
    )
    E034 = (
        "[GB-E034] The model is on {device}, and this process was forked from the one that loaded "
        "it, which CUDA does not support. Use n_process=1, or start the workers with "
        "multiprocessing.set_start_method('spawn')."
    )
    E035 = (
        "[GB-E035] batch_subtokens={found} leaves no room for text. This model needs at least "
        "{minimum}: raise the setting."
    )
    E036 = (
        "[GB-E036] The model's scores are NaN. With precision='float16', some encoders overflow: "
        "use 'bfloat16' or 'float32'. With 'float32', the checkpoint's weights are damaged: copy "
        "or download it again."
    )
    E413 = (
        "[GB-E413] The model is on {device}. Several worker processes cannot share it: use "
        "n_process=1."
    )

    # Settings and saved components
    E140 = "[GB-E140] Unknown setting {found} for {component!r}.{hint} The settings are: {allowed}."
    E141 = (
        "[GB-E141] The settings of {component!r} are keys of cfg, not attributes. Write "
        "cfg[{name!r}] = ... or component.{name} = ..., with one of the names in cfg."
    )
    E142 = (
        "[GB-E142] Settings of {component!r} cannot be removed. Set an allowed value instead: see "
        "'nlp.config' for the current ones, and the page 'Registered names' of the documentation."
    )
    E144 = (
        "[GB-E144] {what} cannot be read: {error}. Copy it again, or save the pipeline again. To "
        "change a setting of a saved pipeline, edit its config.cfg."
    )
    E148 = (
        "[GB-E148] {component!r} has no attribute {name!r}. Did you mean the setting {nearest!r}? "
        "Set it with component.cfg[{nearest!r}] = ...; the value is checked, applies at once and "
        "is saved with the pipeline."
    )

    # Training
    E061 = (
        "[GB-E061] {folder} is not a corpus: it has none of the files {files}. Set 'path' to the "
        "folder that contains the corpora, and name each corpus like its folder."
    )
    E065 = (
        "[GB-E065] {path} is the state of a training with another config. These settings differ: "
        "{found}. Resume with the original config, or delete the file to start again."
    )
    E066 = (
        "[GB-E066] The training of {name!r} cannot be resumed, because the component's state "
        "cannot be saved. Freeze it ([training] frozen_components), or use 'spacy train'."
    )
    E067 = (
        "[GB-E067] The training state {path} cannot be read: {error}. Delete the file to start "
        "again."
    )
    E132 = (
        "[GB-E132] Training has diverged: the gradient norm is {found}. The weights are those "
        "before this step. Train with a lower learning rate, with gradient clipping (grad_clip), "
        "and with precision 'bfloat16' or 'float32' instead of 'float16'."
    )
    E145 = Counted(
        "[GB-E145] {component!r} has nothing to learn: in {n:training document|training "
        "documents}, there is no span group {key!r} and no entity in doc.ents. The span groups "
        "are: {groups}. Set 'spans_key' to the group with the gold entities, or write them to "
        "doc.spans[{key!r}] or doc.ents."
    )
    E146 = (
        "[GB-E146] The entity {start}..{end} ({text}) begins or ends inside a token or outside the "
        "text of the Doc. Split the tokens first ('pipeline.annotation.split_tokens'), or correct "
        "the offsets."
    )
    E147 = Counted(
        "[GB-E147] {component!r} has no labels to learn: 'labels' is empty, and there are neither "
        "entities nor annotated labels in {n:training document|training documents}. Set 'labels', "
        "or train with documents that have entities."
    )
    E181 = Counted(
        "[GB-E181] There is nothing to calibrate on: of {found:entity|entities} found in {path}, "
        "{right:,} proved right. Some must be right and some wrong: use documents with gold "
        "entities of the pipeline's labels, as many as you can."
    )
    E410 = Counted(
        "[GB-E410] None of the gold entities in {n:training document|training documents} has a "
        "label of {component!r}. The gold labels are: {found}. The labels of {component!r} are: "
        "{labels}.{hint} Upper and lower case matter. Set 'labels' to the gold labels, or to [] to "
        "take them from the data. To ask the model for a label in other words, give it a 'prompt'. "
        "The option --labels of 'spacy gliner convert' renames gold labels."
    )
    E411 = (
        "[GB-E411] {component!r} has nothing to learn: no training document was read. spaCy's "
        "reader of [corpora.train] reads only .spacy files and folders of them. Check the path, "
        "and convert other formats first: python -m spacy gliner convert FILE train.spacy."
    )
    E416 = (
        "[GB-E416] The optimizer of {component!r} is SGD or RAdam, and the network is trained with "
        "AdamW. Use Adam.v1 or spacy-gliner-biomed.AdamW.v1, or call create_optimizer()."
    )
    E417 = (
        "[GB-E417] The model of 'gliner_biomed' takes rows, which the component makes of Docs; "
        "found {found}. Call the component. 'spacy debug model' does not work with this model."
    )

    # Commands
    E050 = "[GB-E050] There is no file {path}. Check the path."
    E051 = (
        "[GB-E051] {path} has the ending {found!r}, which does not identify a format. If it is "
        "plain text, add --input-format text; if not, name its format there. Files to read end "
        "with {allowed}, and may be compressed (.gz)."
    )
    E054 = (
        "[GB-E054] No labels were given. Name them, separated by commas: --labels "
        '"disease,drug dosage".'
    )
    E055 = (
        "[GB-E055] There is nothing to annotate in {inputs}: no file of a known format with a "
        "document in it. 'python -m spacy gliner annotate --help' lists the formats."
    )
    E057 = (
        "[GB-E057] This command needs a pipeline with exactly one component 'gliner_biomed'; this "
        "one has {n}. Its components are: {found}."
    )
    E058 = (
        "[GB-E058] --labels cannot be read: {error}. Give a JSON list as in "
        '\'["disease", {{"label": "DRUG", "prompt": "drug", "threshold": 0.4}}]\', or words '
        'separated by commas: "disease,drug".'
    )
    E107 = (
        "[GB-E107] {what} needs {package}: python -m pip install "
        "'spacy_gliner_biomed[{extra}]' ({error})."
    )

    # Files
    E052 = "[GB-E052] {path}, line {line}: {error}. Each line must be a JSON object with a 'text'."
    E053 = "[GB-E053] {path} cannot be read as {what}: {error}. Repair the file, or leave it out."
    E060 = "[GB-E060] {path}, line {line}: {error}. Correct the line; broken lines are not skipped."
    E062 = (
        "[GB-E062] {path} contains no document in the format {format!r}. Check the file, or name "
        "its format."
    )
    E160 = (
        "[GB-E160] {path}, line {line}: this is not UTF-8: {found}. {hint}. Name the encoding with "
        "--encoding cp1252 (or utf-16), if the command has this option, or convert the file: "
        "iconv -f UTF-16 -t UTF-8 (or -f CP1252)."
    )
    E161 = (
        "[GB-E161] {path}: the compressed file is damaged or cut off: {error}. Copy or download "
        "it again."
    )
    E162 = (
        "[GB-E162] There is no document in {path}. It may be truncated or in another format. Check "
        "it, or leave it out."
    )
    E163 = (
        "[GB-E163] No document could be annotated: {failed}. The reasons are above. No output was "
        "written, and an existing output is unchanged."
    )
    E164 = (
        "[GB-E164] {path} is a folder; the format {format!r} is read from one file. Name the "
        "file, or use the format 'brat' for a folder of .txt and .ann files."
    )
    E182 = (
        "[GB-E182] {path} cannot be read: {error}. It must hold one JSON object. Correct the file, "
        "or copy it again."
    )
    E200 = (
        "[GB-E200] {path} cannot be read as {encoding}: {error}. Name its encoding with "
        "--encoding, or leave the option out for UTF-8."
    )
    E201 = (
        "[GB-E201] There is no text encoding {found!r}. Examples are: utf-8, cp1252, latin-1, "
        "utf-16."
    )
    E202 = (
        "[GB-E202] The format of {path} is not clear from its ending and its first bytes"
        "{hint}. Name it with {option}: {allowed}."
    )
    E203 = (
        "[GB-E203] The format {format!r} of {path} holds texts without entities. Annotate them "
        "with 'spacy gliner annotate', or name a format with entities: {allowed}."
    )
    E204 = (
        "[GB-E204] There is no column {column!r} in {path}; its columns are: {found}. Name the "
        "columns of texts and ids with --text-column and --id-column, or leave the file out."
    )
    E205 = (
        '[GB-E205] {path} is not a table of labels: {error}. Give JSON, {{"Chemical": "drug"}}, '
        "or a CSV file with two columns: the label in the corpus, and the label to write."
    )
    E206 = (
        "[GB-E206] {path} cannot be read as a ZIP archive: {error}. Make it again, or unpack it "
        "and name the folder."
    )
    E207 = (
        "[GB-E207] {path} has no {missing} of the same name. BRAT's format is pairs of files: the "
        "text (.txt) and its annotations (.ann), which are empty if there are none. Add the file."
    )
    E380 = (
        "[GB-E380] {path} cannot be read as text: it is a {ending} file. Extract its text first, "
        "for example with: {command}"
    )
    E395 = (
        "[GB-E395] The rest of {path} cannot be read: {error}. Something in it does not have the "
        "form that its format requires. Repair the file, or leave it out."
    )
    E398 = Counted(
        "[GB-E398] {path} has more than {limit:character|characters} when it is unpacked. A small "
        "file could fill the memory in this way. If the text is right, unpack the file and name "
        "the unpacked one."
    )

    # Outputs
    E056 = "[GB-E056] {path} cannot be written: {reason}."
    E059 = (
        "[GB-E059] The format of the output {path} is not clear: {reason}.{hint} These endings say "
        "it: {endings}. For '-' (standard output) and other endings, add --format; --help lists "
        "the formats."
    )
    E220 = (
        "[GB-E220] No component of this pipeline sets the attribute {name!r} (ent._.{name}). "
        "Attributes of spans that can be written: {known}. Correct {option}, or add the component "
        "to the pipeline."
    )
    E221 = (
        "[GB-E221] The attribute {name!r} cannot be written: each output has a column of this "
        "name. Leave it out of {option}, or register it under another name."
    )
    E222 = (
        "[GB-E222] The attribute {name!r} is {found}; its column holds true, false or null. Set "
        "one of these, or register the attribute under another name, so that it is written as text."
    )
    E223 = "[GB-E223] The mapping to FHIR in {path} cannot be read: {error}. Correct the file."
    E224 = (
        "[GB-E224] The mapping to FHIR in {path} has {found}; allowed here: {allowed}. Correct the "
        "file."
    )
    E225 = (
        "[GB-E225] A {kind} is not valid FHIR R4B: {error}. Correct the mapping (--fhir-mapping), "
        "or the document's metadata."
    )
    E226 = (
        "[GB-E226] This pipeline needs the module {module!r}, which cannot be imported: {error}. "
        "Install the package {package!r}, or take its component out of the config."
    )
    E227 = (
        "[GB-E227] show() takes a Doc or a list of Docs; found {found}. Run the pipeline on the "
        "text first: show(nlp(text))."
    )
    E228 = (
        "[GB-E228] The Doc has no span group {key!r}; it has: {found}. Run a pipeline with "
        "'gliner_biomed' on its text first, or name another group; spans_key=None shows doc.ents."
    )
    E396 = (
        "[GB-E396] {name} is in no output: its entities or relations cannot be read ({error}). "
        "Correct the Doc, or the component that writes them."
    )
    E397 = (
        "[GB-E397] {name} is not in {output}: {error}. Outputs that are not named here have it. "
        "Correct the value, or choose another format for it."
    )
    E415 = (
        "[GB-E415] {path} cannot be read: TOML needs Python 3.11 or later. Write the mapping as "
        "JSON."
    )
    E433 = (
        "[GB-E433] The format of the output {path} is not clear, because no format of convert has "
        "the ending {ending}. These endings say it: {endings}. For another name, add --to; for a "
        "folder of DocBins, leave out the ending."
    )

    # Linking
    E080 = "[GB-E080] {path} contains no concept. Give the file of a terminology."
    E081 = (
        "[GB-E081] The format of the terminology {path} is not clear ({found!r}). The formats are "
        "{all}: name one with --format."
    )
    E083 = (
        "[GB-E083] {path} is not a file of 'spacy gliner kb build', or is damaged: "
        "{error}. Build or copy it again."
    )
    E084 = (
        "[GB-E084] There is no concept {found!r} in the knowledge base {name!r}. Write ids as the "
        "knowledge base does."
    )
    E085 = (
        "[GB-E085] No concept of the knowledge base {name!r} has the type {found}. Its types "
        "are: {known}. Choose among them."
    )
    E086 = (
        "[GB-E086] A rule of 'labels' must be of the form {{'label': 'disease', 'types': ['...'], "
        "'sources': ['...']}}, types and sources being optional; found {found!r}."
    )
    E087 = (
        "[GB-E087] A rule of 'labels' names the knowledge bases {found}, which are not loaded. "
        "Loaded are: {known}. Name one of these, or add the other to the linker's 'kb'."
    )
    E088 = (
        "[GB-E088] '{name}' has no knowledge base. Set 'kb' in [components.{name}] or in "
        "[initialize.components.{name}] to {{'@misc': 'spacy-gliner-biomed.KnowledgeBase.v1', "
        "'paths': ['...']}} and call nlp.initialize(), or load a pipeline that was saved with one."
    )
    E089 = (
        "[GB-E089] The concept ids {found} are in both {names}. Ids must be unique: leave one of "
        "the knowledge bases out."
    )
    E091 = (
        "[GB-E091] Two knowledge bases are named {name!r}. Build one of them with another --name."
    )
    E151 = (
        "[GB-E151] The knowledge base is damaged: its string {row} is not UTF-8 ({error}). Check "
        "its file with 'spacy gliner kb info FILE --verify', and build or copy it again."
    )
    E152 = (
        "[GB-E152] {path} is damaged: its SHA-256 is {found}, and was {expected} when it was "
        "built. Build or copy it again."
    )
    E153 = (
        "[GB-E153] {path} cannot be verified: it has no checksum, since an earlier version built "
        "it. Build it again."
    )
    E300 = (
        "[GB-E300] semantic_type_tree has the semantic types of UMLS, but {name} has the types: "
        "{found}. Build the knowledge base from UMLS with MRSTY.RRF."
    )
    E301 = (
        "[GB-E301] --link {found!r} is not of the form LABEL=TYPE,TYPE or LABEL, or names a label "
        "that another --link has. TYPE is a type of concepts (listed by 'python -m spacy gliner kb "
        "info FILE'), a tree number of MeSH such as C or F03, or the name of a knowledge base."
    )
    E302 = (
        "[GB-E302] --link needs a linker, and the pipeline has {n}. Name the file of a knowledge "
        "base with --kb, or give a --pipeline with one linker."
    )
    E303 = (
        "[GB-E303] The pipeline already has the linker {name!r} with its own knowledge bases. "
        "Leave --kb out, or give a --pipeline without a linker."
    )
    E405 = (
        "[GB-E405] --link names {found}, but the pipeline finds no entities with such a label; its "
        "labels are: {known}.{hint} Write labels as the pipeline does, also in upper and lower "
        "case. '*' stands for all labels without a --link."
    )
    E406 = (
        "[GB-E406] {name!r} was initialized with 'mentions', but without the pipeline that reads "
        "them. Give it as 'nlp', or leave 'mentions' out to remember the gold mentions of the "
        "training data."
    )
    E419 = (
        "[GB-E419] -k must be at least 1, the maximum number of concepts for each name; found {k}."
    )

    # Curation
    E110 = (
        "[GB-E110] {path} has an ending that is not supported here. Supported endings: {allowed}."
    )
    E111 = (
        "[GB-E111] The language model {name!r} cannot be used: {error} Give the folder or the "
        "Hugging Face name of a causal language model with safetensors weights, or a GGUF file."
    )
    E113 = Counted(
        "[GB-E113] The scorer gave {n:score|scores} for {of:document|documents} with entities. It "
        "must give one for each, in order."
    )
    E114 = "[GB-E114] There is no document in {path}; nothing was written. Check the file."
    E340 = (
        "[GB-E340] There is no GGUF file {path}. Give the path of a local file that ends with "
        ".gguf, or the folder or Hugging Face name of a model with safetensors weights."
    )
    E341 = (
        "[GB-E341] There is no document to propose: {read:,} read, {without_text:,} of them "
        "without words and {annotated:,} annotated already. Give a pool of texts that are not "
        "annotated yet."
    )
    E342 = (
        "[GB-E342] 'uncertainty' and 'coverage' are both 0, so that nothing decides which document "
        "comes first. Set one of them above 0."
    )
    E412 = (
        "[GB-E412] There is no scorer {found!r}.{hint} Scorers are: {allowed}. A function that is "
        "registered in 'misc' can be named, too."
    )

    # Silver annotations
    E120 = (
        "[GB-E120] The server {url} rejects all requests for the model {model!r}: {said}. Check "
        "--url (it usually ends in /v1), --model, and the key in the environment variable that "
        "'server.api_key_env' names."
    )
    E121 = Counted(
        "[GB-E121] {n:document|documents} in a row failed, the last with: {last}. Nothing was "
        "written. Answers so far are cached: repeat the command when the server works."
    )
    E122 = (
        "[GB-E122] The cache {path} cannot be used: {error}. Set 'run.cache' to another file, or "
        "remove this file (the paid answers in it are then lost)."
    )
    E123 = (
        "[GB-E123] The pipeline {name!r} cannot find noun phrases: {error} Set "
        "'prompt.candidates' to a pipeline with a parser, such as en_core_sci_sm, or to null."
    )
    E124 = "[GB-E124] The name {word!r} stands for both {first!r} and {second!r}. Keep one."
    E125 = (
        "[GB-E125] {path} is not a table of synonyms: {error}. Expected: "
        '{{"disease": ["disorder", "illness"]}}.'
    )
    E126 = (
        "[GB-E126] {found}. Give either --url and --model for a server, or --local for a model "
        "in this process."
    )
    E127 = '[GB-E127] --types names no type. Separate types by commas: --types "disease,drug".'
    E128 = (
        "[GB-E128] {path} is not a config with sections and settings: {error}. See "
        "configs/annotate_llm.cfg for an example."
    )
    E150 = (
        "[GB-E150] None of the documents could be annotated: {n} failed ({kinds}). {path} was not "
        "written; an earlier file is unchanged. The reasons are in {failed}. Correct what they "
        "name (server, model, 'prompt.max_tokens'), and repeat the command."
    )

    # Corpora
    E100 = (
        "[GB-E100] {path} holds the results of an earlier run. Add --resume to go on with it, or "
        "choose another folder."
    )
    E101 = (
        "[GB-E101] {path} was begun with other values of: {found}. A run can be resumed only with "
        "the same input, pipeline, settings and format. Give those that it was begun with (they "
        "are in manifest.json), or choose another folder."
    )
    E102 = "[GB-E102] Another run is writing to {path}. Wait for its end, or choose another folder."
    E103 = "[GB-E103] A worker process cannot load the pipeline:\n{error}"
    E104 = Counted(
        "[GB-E104] {n:worker process|worker processes} in a row died while loading the pipeline, "
        "the last one: {reason}. There may not be enough memory for so many: start fewer "
        "(--workers). A Python script must start the run under if __name__ == '__main__', because "
        "each worker imports the script."
    )
    E105 = (
        "[GB-E105] {path} could not be written for {seconds} s: {error}. All finished parts are "
        "kept. Free some space, and run the command again with --resume."
    )
    E106 = (
        "[GB-E106] There is no readable file in {path}; supported endings are {endings}. Found: "
        "{found}. Files and folders whose names begin with a dot are not read."
    )
    E108 = (
        "[GB-E108] There is no pipeline {found!r}: neither a folder nor an installed package. "
        "Give a folder that nlp.to_disk() wrote, or the name of a package{further}."
    )
    E109 = (
        "[GB-E109] Another run has started to write to {path}, so this one stops: nothing is "
        "written twice."
    )
    E170 = "[GB-E170] {path} is damaged: {error}. {hint}"
    E171 = (
        "[GB-E171] --labels or --relations cannot be used: {found}. The encoding of the command "
        "line, or an escape in the JSON, is broken: write it again, in UTF-8."
    )
    E320 = (
        "[GB-E320] {url} cannot be opened: {error}. Other stores than S3 need their own package: "
        "gcsfs (gs://), adlfs (abfss://), huggingface_hub (hf://)."
    )
    E321 = (
        "[GB-E321] {url} cannot be written to: '{scheme}://' is for input only. Choose a folder, "
        "or a store such as s3://, gs:// or abfss://."
    )
    E322 = (
        "[GB-E322] The store of {url} failed: {error}. Check the endpoint and the credentials; if "
        "it was busy, try again later (a run: with --resume)."
    )
    E323 = (
        "[GB-E323] There are no files under {url}. Check the bucket, the path and the credentials."
    )
    E330 = (
        "[GB-E330] A {found} cannot be read as documents. Give a file, a folder, a URL, a frame "
        "of pandas or Polars (collect() a lazy one), an iterable of texts, mappings or Docs (one "
        "split of a dataset), or a function that returns one of these."
    )
    E331 = (
        "[GB-E331] An iterator can be read only once and only here, which is not enough for "
        "{what}. Give a list, a frame, a file, or a function that returns a new iterator."
    )
    E332 = (
        "[GB-E332] There are no results in {path}: it has no manifest.json. Give the output folder "
        "of 'annotate-corpus' or 'write'."
    )
    E370 = Counted(
        "[GB-E370] {path} had {expected:file|files} when the run began and has {found:,} now. "
        "Finished partitions are kept: put the other files back, and run again with --resume."
    )
    E371 = Counted(
        "[GB-E371] The source gives {found:document|documents}, but gave {expected:,} when it was "
        "measured before. Give a list, or a function that returns a new iterator each time."
    )

    # Service
    E240 = Counted(
        "[GB-E240] The body or line is larger than {limit:byte|bytes}. Send fewer or shorter "
        "texts, or send them as lines to /annotate/stream. The server's option --max-bytes sets "
        "the limit."
    )
    E241 = (
        "[GB-E241] The body cannot be read: {error}. Send one JSON object in UTF-8, with the "
        "header 'Content-Type: application/json'. /openapi.json has examples."
    )
    E242 = "[GB-E242] Unknown key {found}.{hint} Allowed keys are: {allowed}."
    E243 = "[GB-E243] {where!r} is not allowed: {error}. /openapi.json has examples."
    E244 = Counted(
        "[GB-E244] The text has {n:character|characters}; the limit is {limit:,}. Split the text. "
        "The server's option --max-characters sets the limit."
    )
    E245 = "[GB-E245] The request has {n:,} {what}; the limit is {limit:,}. Send several requests."
    E246 = Counted(
        "[GB-E246] The server is busy: {n:document is|documents are} waiting. Send the request "
        "again after {seconds} s (header Retry-After)."
    )
    E247 = (
        "[GB-E247] {what} took longer than {seconds:g} s. Send fewer or shorter texts. The "
        "server's option --timeout sets the limit."
    )
    E248 = (
        "[GB-E248] The document could not be annotated ({error}). The server's log shows where in "
        "the code, without the text. Please report it with a text that you may share."
    )
    E249 = (
        "[GB-E249] The token is missing or wrong. Send the header 'Authorization: Bearer TOKEN' "
        "with the token of the server's --token-file."
    )
    E250 = Counted(
        "[GB-E250] The server is shutting down. It has answered {n:line|lines} of this stream. "
        "Send the other lines again."
    )
    E251 = "[GB-E251] {error}. Send a text without broken characters."
    E252 = (
        "[GB-E252] {path} does not contain a token: {found}. Write one line of at least 16 "
        "printable ASCII characters without spaces, for example with: openssl rand -hex 32."
    )
    E253 = "[GB-E253] There is no {method} {path}. /openapi.json lists what there is."
    E255 = (
        "[GB-E255] The server failed ({error}). Its log shows where in the code, without the "
        "request. Send the request again; if it fails again, please report it."
    )
    E256 = "[GB-E256] The server is shutting down. Send the request to another server, or later."
    E425 = (
        "[GB-E425] {endpoint} does not take {found} in its query.{hint} Parameters that it takes: "
        "{allowed}. Leave out the others. The settings of POST /annotate are keys of its JSON body."
    )
    E426 = (
        "[GB-E426] The value {found!r} of {where!r} in the query cannot be read: {error}. Separate "
        "words by commas (disease,drug dosage), or give a JSON list (/openapi.json has examples)."
    )
    E427 = "[GB-E427] {where!r} is missing. Add it; /openapi.json has examples."


class Warnings:
    """Messages of warnings."""

    # Labels
    W007 = "[GB-W007] The labels {found!r} are listed more than once; each is used once."
    W140 = (
        "[GB-W140] {component!r} has no labels and finds nothing. Set them: component.labels = "
        "['disease', 'drug']. This warning is given once."
    )
    W180 = (
        "[GB-W180] The model was not trained on these labels, so it may miss entities or find "
        "wrong ones: {labels}. 'python -m spacy gliner labels' lists the trained labels. This "
        "warning is given once per label."
    )
    W390 = (
        "[GB-W390] The label {label!r} finds nothing: an earlier label has the same prompt "
        "({prompt!r}), and its threshold is not higher. Give it a prompt of its own, or allow "
        "several labels on one span (multi_label=True). This warning is given once per label."
    )

    # Entities
    W001 = Counted(
        "[GB-W001] {n:entity|entities} did not align with the Doc's tokens and had to be expanded "
        "or contracted to token borders (alignment={alignment!r}). Use alignment='split' to keep "
        "exact characters. The count is in stats['moved']; this warning is given once."
    )
    W002 = Counted(
        "[GB-W002] {n:entity|entities} did not align with the Doc's tokens and had to be left out "
        "(alignment={alignment!r}). Use alignment='expand' or 'split' to keep such entities. The "
        "count is in stats['left_out']; this warning is given once."
    )
    W003 = Counted(
        "[GB-W003] {n:entity was|entities were} left out because of an overlap with a better "
        "entity after both were moved to token borders. Use alignment='split' to avoid this. The "
        "count is in stats['merged']; this warning is given once."
    )
    W004 = Counted(
        "[GB-W004] {n:word has|words have} more subtokens than a window can hold; the model reads "
        "only the beginning. The count is in stats['shortened_words']; this warning is given once."
    )
    W005 = Counted(
        "[GB-W005] {n:word has|words have} no character that the model's tokenizer knows; the "
        "model reads nothing there. The count is in stats['unknown_words']; this warning is given "
        "once."
    )
    W006 = Counted(
        "[GB-W006] {n:entity is|entities are} in doc.spans, but not in doc.ents, because of an "
        "overlap with entities or blocked tokens that were already on the Doc. Use overwrite=True "
        "to replace the earlier entities. The count is in stats['not_in_ents']; this warning is "
        "given once."
    )

    # Relations
    W280 = (
        "[GB-W280] {component!r} asks for its labels in several groups, as their prompts do not "
        "fit into one. Relations between entities of different groups are not found. Ask for "
        "fewer labels at once, use shorter prompts, or raise 'batch_subtokens'. Given once."
    )
    W281 = Counted(
        "[GB-W281] {component!r} left out {n:relation|relations} that it found: an end was left "
        "out or merged with another span on borders of tokens (alignment={alignment!r}). "
        "component.stats counts them. Given once."
    )
    W282 = (
        "[GB-W282] The relation {relation!r} is limited to ends with the labels {missing}, which "
        "are not among the component's labels: it cannot be found there. Check their spelling, or "
        "add them to 'labels'. Given once for each relation."
    )
    W350 = Counted(
        "[GB-W350] In {path}, {n:relation was|relations were} left out: an end is not an entity of "
        "the text, or a label or one of two ends is missing."
    )
    W351 = (
        "[GB-W351] The training data for {component!r} has relations, but its checkpoint finds "
        "none: only entities are trained. To train relations, use a checkpoint with them, or add "
        "them with 'relations_layer = \"none\"' in [components.{component}.model]."
    )
    W352 = Counted(
        "[GB-W352] {component!r} learns no relation: {n:training document does|training documents "
        "do} not say which relations there are. 'python -m spacy gliner convert' keeps those of "
        "BRAT, PubTator, BioC and JSON lines; in Python, set Doc._.relations, also to an empty "
        "list."
    )
    W353 = Counted(
        "[GB-W353] {n:gold relation|gold relations} cannot be learned: an end is not among the "
        "gold entities or cannot be expressed (see GB-W009), or both ends are not in one window. "
        "The count is in stats['gold_relations_lost'], of stats['gold_relations'] in all; this "
        "warning is given once. A larger 'window' keeps more ends together."
    )
    W354 = Counted(
        "[GB-W354] {n:relation is|relations are} not in the output: the format {format!r} has no "
        "place for relations. DocBin, JSON lines, BioC, BRAT and PubTator have."
    )
    W355 = Counted(
        "[GB-W355] Of {total:relation|relations} in the corpus {corpus!r}, {n:,} cannot be learned "
        "in its windows of sentences, because both ends are not in one. Each pass cuts other "
        "windows; larger 'max_sentences' and 'max_words' keep more ends together. Given once for a "
        "corpus."
    )
    W360 = Counted(
        "[GB-W360] {n:relation is|relations are} not in the PubTator output: its relations are "
        "between concept ids, and an end has none. Add a linker (--kb), or write JSON lines, BioC "
        "or BRAT, too."
    )
    W361 = Counted(
        "[GB-W361] {n:relation was|relations were} found, but no output holds relations. Add an "
        "output such as FILE.jsonl, FILE.relations.csv or FILE.html."
    )
    W362 = Counted(
        "[GB-W362] {n:relation is|relations are} in no output: an end is not among the entities "
        "that are written."
    )

    # Settings
    W130 = (
        "[GB-W130] precision={asked!r} was set, but {device} computes in float32, because its "
        "products in that type would take several times as long. Set 'precision' to 'auto' (the "
        "fastest type of each machine) or 'float32'. This warning is given once."
    )

    # Training
    W008 = (
        "[GB-W008] spans_key is {found!r}, but the scores that select the best model do not "
        "include this group: {weights}. Set 'spans_{found}_f' in [training.score_weights]."
    )
    W009 = Counted(
        "[GB-W009] {n:gold entity|gold entities} cannot be learnt: an end is inside a word of the "
        "model, the entity is wider than the model's widest span, or a window cuts it. The count "
        "is in stats['gold_lost'], of stats['gold'] in all; this warning is given once."
    )
    W010 = Counted(
        "[GB-W010] Some gold entities cannot be learnt, because they begin or end inside a word of "
        "the model or are wider than {width:word|words}: {found}. All others are learnt. In a "
        "streamed corpus, only the first documents were counted."
    )
    W141 = Counted(
        "[GB-W141] No entity was found in {n:training document|training documents} for "
        "{component!r}, so the component learns to find nothing. If this is not intended, check "
        "'spans_key' ({key!r}) and the data. The span groups are: {groups}."
    )
    W142 = Counted(
        "[GB-W142] {n:training document has|training documents have} no gold annotation (no span "
        "group {key!r}, and only missing values in doc.ents). Nothing is learnt there. "
        "stats['without_gold'] counts such documents in each update; this warning is given once."
    )
    W143 = (
        "[GB-W143] The optimizer's learning rate is {rate:g}, which destroys a pretrained network. "
        "Use 'spacy-gliner-biomed.AdamW.v1' with about 1e-5 to 2e-4 in [training.optimizer] (see "
        "configs/few_shot.cfg), or sgd=component.create_optimizer(). This warning is given once."
    )
    W144 = Counted(
        "[GB-W144] White space at an end of {n:gold entity|gold entities} was left out; an entity "
        "of nothing else was left out as a whole. The count is in stats['gold_trimmed']; this "
        "warning is given once."
    )
    W410 = Counted(
        "[GB-W410] {n:gold entity has|gold entities have} labels that {component!r} does not have, "
        "so they are learnt under these names, but not found: {found}.{hint} Add these labels to "
        "'labels', or correct those of the component or of the data. stats['gold_other_labels'] "
        "counts such entities in each update; this warning is given once."
    )
    W411 = Counted(
        "[GB-W411] In {of:training document|training documents}, there is no gold entity of "
        "{n:label|labels} of {component!r}: {found}. A document that does not say which labels it "
        "annotates counts as annotated with all labels, so the model learns to find nothing for "
        "these. Remove them from 'labels', or add documents with such entities."
    )
    W412 = Counted(
        "[GB-W412] {n:gold entity counts|gold entities count} as missed in the scores, because the "
        "component does not have their labels: {found}. Correct 'labels' or the gold labels.{hint}"
    )
    W413 = (
        "[GB-W413] There is nothing to score: no document was read. spaCy's reader reads only "
        ".spacy files and folders of them. Check the path, and convert other formats first: python "
        "-m spacy gliner convert FILE dev.spacy."
    )
    W414 = Counted(
        "[GB-W414] Entities were not scored: {n:document has|documents have} no gold annotation of "
        "them (no span group {key!r}, and only missing values in doc.ents). To score entities, set "
        "'spans_key' to the group with the gold entities, or write them there or to doc.ents."
    )
    W415 = Counted(
        "[GB-W415] {n:label keeps its own threshold|labels keep their own thresholds}: {found}. "
        "They apply to the calibrated scores now, so check them."
    )
    W416 = (
        "[GB-W416] {component!r} keeps its trained weights: it was loaded from a saved pipeline "
        "and trained since then. To start again, load the pipeline again; to continue, call "
        "nlp.resume_training() instead of nlp.initialize()."
    )

    # Commands
    W120 = "[GB-W120] The option {old} is deprecated: use {new}, or a --config file."

    # Files
    W011 = Counted(
        "[GB-W011] In {path}, {n:mention was|mentions were} not found in the text as whole words, "
        "and not marked."
    )
    W150 = Counted("[GB-W150] In {path}, {n:blank row was|blank rows were} skipped.")
    W160 = Counted(
        "[GB-W160] {n:file or folder was|files or folders were} not read: {found}. Files that can "
        "be read end with {endings}, in upper or lower case."
    )
    W161 = Counted(
        "[GB-W161] In {path}, white space at an end of {n:entity|entities} was left out."
    )
    W162 = Counted(
        "[GB-W162] In {path}, {n:discontinuous entity was read as one span|discontinuous entities "
        "were each read as one span}, from the first character to the last."
    )
    W163 = Counted(
        "[GB-W163] In {path}, {n:line or record holds|lines or records hold} attributes, notes, "
        "relations or events, which are not read; the entities are."
    )
    W200 = Counted(
        "[GB-W200] In {path}, {n:example was|examples were} left out: rejected or ignored by the "
        "annotators."
    )
    W201 = Counted(
        "[GB-W201] In {path}, {n:annotation was|annotations were} left out: of several annotations "
        "of a task, one is read."
    )
    W202 = Counted("[GB-W202] In {path}, {n:task was|tasks were} left out: not annotated.")
    W203 = Counted(
        "[GB-W203] In {path}, {n:entity was|entities were} read without the first tag B- (or S-) "
        "that other entities have."
    )
    W204 = Counted(
        "[GB-W204] In {path}, {n:passage does|passages do} not begin where the offset says; the "
        "offsets of such documents are counted anew."
    )
    W205 = Counted(
        "[GB-W205] In {path}, {n:part of an article was|parts of articles were} not read: tables, "
        "formulas, references, translations, back matter."
    )
    W206 = Counted(
        "[GB-W206] {n:label is|labels are} in {path}, but not in {source}: {found}. Check the "
        "spelling."
    )
    W208 = Counted(
        "[GB-W208] In {path}, {n:task has|tasks have} no annotations, but predictions, which were "
        "read instead. They are suggestions of a model: have a person check them before you train."
    )
    W380 = Counted(
        "[GB-W380] {n:file was|files were} read as UTF-8, not as {encoding}: {found}. Valid UTF-8 "
        "with characters beyond ASCII is hardly ever text in {encoding}. If a file is in "
        "{encoding} after all, convert it: iconv -f {encoding} -t UTF-8."
    )
    W400 = Counted(
        "[GB-W400] In {path}, {n:further value of a relation was|further values of relations were} "
        "not read: a relation has 'head', 'tail', 'label' and 'score'."
    )
    W401 = Counted(
        "[GB-W401] In {path}, {n:value was|values were} not read: another entity with the "
        "same offsets and label has a different one. The first is kept."
    )

    # Outputs
    W012 = Counted(
        "[GB-W012] {n:entity is|entities are} not in {path}: an end is inside a word of GLiNER's "
        "splitter, for which its JSON has no place."
    )
    W207 = Counted(
        "[GB-W207] {format} cannot hold {n:label|labels} unchanged; written instead: {found}. The "
        "option --labels of 'spacy gliner convert' changes the names back."
    )
    W209 = Counted(
        "[GB-W209] {n:concept id was|concept ids were} left out: the format {format!r} has no "
        "place for concept ids. To keep them, choose another format, such as 'jsonl' or 'docbin'."
    )
    W210 = Counted(
        "[GB-W210] {n:control character was|control characters were} written as U+FFFD, or in "
        "ids and keys as in '\\u0001', because {format} does not allow such characters. Offsets "
        "are unchanged."
    )
    W211 = Counted(
        "[GB-W211] {n:entity is|entities are} not in the CoNLL output, which holds only the entity "
        "with the highest score where several overlap, and none that is white space. Set "
        "overlap='flat', or choose a format for overlapping entities."
    )
    W212 = Counted(
        "[GB-W212] {n:document has|documents have} a note_id that is not an integer, as the table "
        "NOTE_NLP needs. It was written as it is. Give each document the key 'note_id', or an "
        "integer as its id."
    )
    W213 = Counted(
        "[GB-W213] {n:entity is|entities are} longer than {limit:character|characters}; "
        "lexical_variant has only the beginning."
    )
    W214 = Counted(
        "[GB-W214] {n:entity has|entities have} concepts and attributes of more than "
        "{limit:character|characters}; term_modifiers has only the beginning. Choose fewer "
        "--attributes."
    )
    W402 = Counted(
        "[GB-W402] {n:value of an entity was|values of entities were} left out ({found}): "
        "'convert' cannot write them in the format {format!r}. To keep them, choose 'jsonl' or "
        "'docbin'."
    )
    W403 = Counted(
        "[GB-W403] {n:Doc has|Docs have} annotations that were left out: categories, tags or span "
        "groups other than {spans_key!r}. To keep them, choose the format 'docbin'."
    )
    W420 = (
        "[GB-W420] The key {key!r} has the number {found}, which JSON cannot hold: null is written "
        "instead, for each such number. Replace or remove them in the data, or in the component "
        "that makes them. Given once for each key."
    )

    # Linking
    W020 = (
        "[GB-W020] '{name}' is set to link the span group {key!r}, which a Doc does not have; it "
        "has: {found}. Nothing was linked in it. Set 'spans_key' to one of these, or to null for "
        "doc.ents. Given once."
    )
    W405 = Counted(
        "[GB-W405] In {path}, {n:cell of aliases or types seems|cells of aliases or types seem} to "
        "hold several names without the separator '|', such as {example!r}: each was read as one "
        "name. Separate the names with '|' (PLX4032|Zelboraf), or they are not found by "
        "themselves. If these are single names, ignore this warning."
    )
    W406 = (
        "[GB-W406] {name!r} has a rule for the label {rule!r}, but there are entities with the "
        "label {found!r}, to which this rule does not apply: {instead}. Change the label of the "
        "rule (in 'labels' of {name!r}), or that of the entities; upper and lower case matter. "
        "Given once for each label."
    )
    W407 = (
        "[GB-W407] {name!r} runs before {found}, which finds the entities to link, so that nothing "
        "is linked. Move {name!r} to the end of the pipeline: change the order in 'pipeline' of "
        "[nlp], or that of nlp.add_pipe. Given once."
    )
    W417 = Counted(
        "[GB-W417] {name!r} did not remember {n:gold id|gold ids} that none of its knowledge bases "
        "has ({kbs}), such as {example!r}.{hint} Write ids as the knowledge bases do, such as "
        "{known!r}. If other terminologies have them, add these to 'kb', or ignore this warning."
    )
    W418 = Counted(
        "[GB-W418] In {path}, {n:value was|values were} not read, because the name of the column "
        "or key is not known: {found}. Known are {known}. Rename what belongs to one of these, "
        "and ignore this warning otherwise."
    )

    # Curation
    W340 = (
        "[GB-W340] The pool has no more documents to propose. Requested: {count:,}; written: {n:,}."
    )

    # Corpora
    W320 = (
        "[GB-W320] The last run on {path} has not released its lock. It may have been killed: "
        "waiting {seconds} s for a sign of life."
    )
    W321 = (
        "[GB-W321] The store of {path} ignores conditions on writing, so that two runs at once are "
        "not noticed: start only one."
    )

    # Service
    W240 = (
        "[GB-W240] The service listens on {host} without a token, so everyone who can reach this "
        "machine can use it. Set --token-file, or listen on 127.0.0.1."
    )
