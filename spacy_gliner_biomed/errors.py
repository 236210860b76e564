"""All messages, with codes. Each says what was found, what is allowed and what to do."""


class Errors:
    """Messages of raised errors."""

    # Checkpoints
    E010 = (
        "[GB-E010] This checkpoint needs {found}, which is not supported. Supported are the "
        "uni-encoder span model and the bi-encoder span model with span_mode 'markerV0' or "
        "'marker', and the uni-encoder token model (span_mode 'token_level'). Use another "
        "checkpoint, or the GLiNER package for this one."
    )
    E011 = (
        "[GB-E011] There are no weights in {folder}. A checkpoint needs 'model.safetensors' or "
        "'pytorch_model.bin' beside its 'gliner_config.json'; found: {found}."
    )
    E012 = (
        "[GB-E012] The weights in {path} cannot be read: {error}. The file may be truncated, or "
        "may hold more than tensors, which is refused. Copy or download it again, or export it "
        "to safetensors."
    )
    E013 = (
        "[GB-E013] The checkpoint's tensors do not fit its gliner_config.json. Every tensor has "
        "to be there with its shape; nothing is left at random.\n  missing: {missing}\n"
        "  unexpected: {unexpected}\n  shape: {shapes}\nCheck that weights and config are of the "
        "same checkpoint."
    )
    E014 = (
        "[GB-E014] Words cannot be split by {found!r}; allowed are: {allowed}. The splitter is "
        "part of a checkpoint ('words_splitter_type' in its gliner_config.json)."
    )
    E015 = (
        "[GB-E015] {folder} is not a GLiNER checkpoint: there is no 'gliner_config.json' in it; "
        "found: {found}. Set 'checkpoint' to a folder that holds one, to a Hugging Face "
        "repository name such as 'Ihor/gliner-biomed-base-v1.0', or to 'packaged'."
    )
    E016 = (
        "[GB-E016] {path} cannot be read as JSON: {error}. Copy or download the checkpoint again."
    )
    E017 = (
        "[GB-E017] {what} cannot be had from the Hugging Face hub: {error}. Without internet, "
        "download it on another machine ('hf download {name}') and set 'checkpoint' to that "
        "folder, or fill the hub's cache first; HF_HUB_OFFLINE=1 uses the cache only. If this "
        "was meant as a folder, it does not exist from here ({cwd})."
    )
    E018 = (
        "[GB-E018] The tokenizer and the weights do not belong together: {found}. Check "
        "'class_token_index' and 'vocab_size' in gliner_config.json, and the tokenizer's files."
    )
    E019 = (
        "[GB-E019] This installation has no packaged model ({folder}). Set 'checkpoint' to a "
        "folder with a GLiNER checkpoint or to a Hugging Face repository name, e.g. "
        'config={{"model": {{"checkpoint": "Ihor/gliner-biomed-base-v1.0"}}}}.'
    )
    E070 = (
        "[GB-E070] The checkpoint's tensors {names} are one tensor in this network, and differ. "
        "Check that weights and config are of the same checkpoint."
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
        "[GB-E130] {where} hold numbers that are not finite (NaN or infinity), in: {names}. With "
        "them, entities would be lost without a word. Copy or download the checkpoint again; "
        "after a training, go back to an earlier model and train with a lower learning rate."
    )
    E131 = (
        "[GB-E131] The network's vectors of {what} are not finite (NaN or infinity). "
        "precision='float16' overflows in some encoders: use 'bfloat16' or 'float32'. In "
        "'float32', the weights are damaged: copy or download the checkpoint again; after a "
        "training, go back to an earlier model and train with a lower learning rate."
    )
    E132 = (
        "[GB-E132] The training has diverged: the norm of the gradients is {found}. The weights "
        "are those before this step. Train with a lower learning rate, with gradient clipping "
        "(grad_clip), and with precision 'bfloat16' or 'float32' instead of 'float16'."
    )
    E133 = (
        "[GB-E133] {what} needs Python code that it brings with it ('auto_map' in its config), "
        "which is never run here. Use a checkpoint of an architecture that transformers has."
    )
    E134 = (
        "[GB-E134] {path} is a pickled file, which torch {found} cannot read safely "
        "(CVE-2025-32434, CVE-2026-24747). Install torch>=2.10, or export the weights to "
        "'model.safetensors'."
    )
    E135 = (
        "[GB-E135] {path} is not the file that was saved: its SHA-256 differs from the one in "
        "{extras}. Copy or download the checkpoint again. If you changed the file on purpose, "
        "remove its name from 'sha256' in {extras}."
    )
    E136 = (
        "[GB-E136] {name} has numbers that are too large for {dtype}. Use 'bfloat16' or 'float32'."
    )
    E137 = (
        "[GB-E137] The bytes of this model hold a file {found!r}, which no saved model has. "
        "Allowed are the files of a checkpoint folder. Nothing was written."
    )

    # Labels
    E020 = (
        "[GB-E020] The label {label!r} holds {token!r}, the marker that the model reads before "
        "each label. Choose another wording ('prompt') for this label."
    )
    E021 = (
        "[GB-E021] The label {label!r} has no character that the model's tokenizer knows. Give "
        "it a wording that does: {{'label': {label!r}, 'prompt': '...'}}."
    )
    E022 = (
        "[GB-E022] The label {label!r} is {n} subtokens long; at most {limit} leave room for "
        "text. Shorten its prompt, or raise 'batch_subtokens' if that is what limits it."
    )
    E023 = (
        "[GB-E023] A label must be a string or a dict with 'label' and, optionally, 'prompt' and "
        "'threshold'; found {found!r}. Neither label nor prompt may be blank."
    )
    E024 = (
        "[GB-E024] The label {label!r} is {n} subtokens long; the model's label encoder takes at "
        "most {limit}. Shorten its prompt."
    )
    E025 = (
        "[GB-E025] The label {label!r} is in the labels with two thresholds {found} for the same "
        "prompt. Keep one of them."
    )
    E026 = (
        "[GB-E026] This checkpoint cannot get layout marks: its vocabulary has no token {token!r}. "
        "Set layout to false, or use an encoder with unused tokens, as BERT's have."
    )

    # Settings
    E030 = "[GB-E030] The setting {name!r} must be {allowed}; found {found!r}."
    E031 = (
        "[GB-E031] Unknown setting {found} for 'gliner_biomed'.{hint} What can be set for one call "
        "is: {allowed}."
    )
    E032 = (
        "[GB-E032] window={window} and stride={stride} do not work with this model: spans of up "
        "to {width} words would be cut. Needed are window >= {minimum} and 1 <= stride <= window - "
        "{width}. Leave both out (null) to follow the checkpoint."
    )
    E033 = (
        "[GB-E033] 'gliner_biomed' needs the device {device!r}, which torch cannot use here: "
        "{error}. Set 'device' to null (follows spacy.prefer_gpu()), 'cpu', 'cuda', 'cuda:N' or "
        "'mps'."
    )
    E034 = (
        "[GB-E034] The model is on {device} and this process was forked from the one that "
        "loaded it, which CUDA does not allow. Use n_process=1, or start the workers with "
        "multiprocessing.set_start_method('spawn')."
    )
    E035 = (
        "[GB-E035] batch_subtokens={found} leaves no room for text: this model needs at least "
        "{minimum}. Raise it."
    )
    E036 = (
        "[GB-E036] The model's scores are not numbers (NaN). precision='float16' overflows in "
        "some encoders: use 'bfloat16' or 'float32'. If this is 'float32', the checkpoint's "
        "weights are damaged."
    )

    # Training
    E060 = "[GB-E060] {path}, line {line}: {error}. Correct the line; nothing is skipped silently."
    E061 = (
        "[GB-E061] There is no corpus in {folder}: none of {files} is there. 'path' must be a "
        "folder of corpora, and the corpora's names those of its folders."
    )
    E062 = "[GB-E062] No document of the format {format!r} was found in {path}."
    E065 = (
        "[GB-E065] {path} holds the state of a training with another config: {found} differ. Go "
        "on with the config that it was begun with, or remove the file to begin anew."
    )
    E066 = (
        "[GB-E066] The state of {name!r} cannot be kept, so that its training could not be "
        "resumed. Freeze it ([training] frozen_components), or use 'spacy train'."
    )
    E067 = (
        "[GB-E067] The state of training in {path} cannot be read: {error}. Remove the file to "
        "begin anew."
    )

    # Commands
    E050 = "[GB-E050] There is no file {path}."
    E051 = (
        "[GB-E051] {path} has the ending {found!r}; the inputs that can be read are .txt, .jsonl "
        "and .spacy, or a folder that holds some."
    )
    E052 = "[GB-E052] {path}, line {line}: {error}. Each line must be a JSON object with a 'text'."
    E053 = "[GB-E053] {path} cannot be read as {what}: {error}. Nothing of it was annotated."
    E054 = (
        "[GB-E054] No labels were given. Name them, separated by commas: --labels "
        '"disease,drug dosage".'
    )
    E055 = (
        "[GB-E055] There is nothing to annotate in {inputs}: no line of a .jsonl file, no Doc of "
        "a .spacy file, and no .txt file."
    )
    E056 = "[GB-E056] {path} cannot be written: {reason}."
    E057 = (
        "[GB-E057] This command needs a pipeline with exactly one component 'gliner_biomed'; this "
        "one has {n}. Its components are: {found}."
    )
    E058 = (
        "[GB-E058] --labels cannot be read as JSON: {error}. Give a list as in "
        '\'["disease", {{"label": "DRUG", "prompt": "drug", "threshold": 0.4}}]\', or words '
        'separated by commas: "disease,drug".'
    )
    E059 = (
        "[GB-E059] The format of the output {path} is not clear: {reason}. The endings .jsonl, "
        ".spacy and .html say it; for '-' (standard output) and other endings, add --format "
        "jsonl, docbin, html or table."
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
    E084 = "[GB-E084] There is no concept {found!r} in the knowledge base {name!r}."
    E085 = (
        "[GB-E085] No concept of the knowledge base {name!r} has the type {found}. Its types "
        "are: {known}."
    )
    E086 = (
        "[GB-E086] A rule of 'labels' must be of the form {{'label': 'disease', 'types': ['...'], "
        "'sources': ['...']}}, types and sources being optional; found {found!r}."
    )
    E087 = (
        "[GB-E087] A rule of 'labels' names the knowledge bases {found}, which are not loaded. "
        "Loaded are: {known}."
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
    E300 = (
        "[GB-E300] semantic_type_tree has the semantic types of UMLS, but {name} has the types: "
        "{found}. Build the knowledge base from UMLS with MRSTY.RRF."
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

    # Curation
    E110 = "[GB-E110] {path} is not of a form that is known here. Allowed endings: {allowed}."
    E111 = (
        "[GB-E111] The language model {name!r} cannot be used: {error} Give the folder or the "
        "Hugging Face name of a causal language model with safetensors weights."
    )
    E113 = (
        "[GB-E113] The scorer gave {n} scores for {of} documents with entities. It must give one "
        "for each, in order."
    )
    E114 = "[GB-E114] There is no document in {path}; nothing was written."

    # Silver annotations
    E120 = (
        "[GB-E120] The server {url} rejects all requests for the model {model!r}: {said}. Check "
        "--url (it usually ends in /v1), --model, and the key in the environment variable that "
        "'server.api_key_env' names."
    )
    E121 = (
        "[GB-E121] {n} documents in a row failed, the last with: {last}. Nothing was written. "
        "Answers so far are cached: repeat the command when the server works."
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
        "[GB-E101] {path} was begun with another {found}. A run can be resumed with equal input, "
        "pipeline, settings and format only: give what it was begun with (manifest.json), or "
        "choose another folder."
    )
    E102 = "[GB-E102] Another run is writing to {path}. Wait for its end, or choose another folder."
    E103 = "[GB-E103] A worker process cannot load the pipeline:\n{error}"
    E104 = (
        "[GB-E104] {n} worker processes died one after the other while they loaded the pipeline, "
        "the last with {how}. There may not be enough memory for so many: start fewer (--workers)."
    )
    E105 = (
        "[GB-E105] {path} could not be written for {seconds} s: {error}. All that is finished is "
        "kept: make room, and run the command again with --resume."
    )
    E106 = (
        "[GB-E106] There is no corpus in {path}: no file with one of the endings {endings}; found: "
        "{found}. Files and folders whose names begin with a dot are not read."
    )
    E107 = (
        "[GB-E107] {what} needs {package}: python -m pip install "
        "'spacy_gliner_biomed[{extra}]' ({error})."
    )
    E108 = (
        "[GB-E108] There is no pipeline {found!r}: neither a folder nor an installed package. "
        "Give a folder that nlp.to_disk() wrote, a package, or 'packaged'."
    )
    E109 = (
        "[GB-E109] Another run has begun to write to {path}; what is left of this one is refused, "
        "so that nothing is written twice."
    )
    E180 = (
        "[GB-E180] The pipeline in {path} has {found} components 'gliner_biomed'; to be calibrated "
        "it must have one."
    )
    E181 = (
        "[GB-E181] There is nothing to calibrate on: in {path}, {right} of the {found} entities "
        "found are right. Some must be right and some wrong: use documents with gold entities of "
        "the pipeline's labels, as many as you can."
    )
    E170 = "[GB-E170] {path} is damaged: {error}. {hint}"
    E171 = (
        "[GB-E171] --labels cannot be used: {found}. The encoding of the command line, or an "
        "escape in the JSON, is broken: write the label again, in UTF-8."
    )

    # Files
    E160 = (
        "[GB-E160] {path}, line {line}: this is not UTF-8: {found}. {hint}. Save the file as "
        "UTF-8, or convert it: iconv -f UTF-16 -t UTF-8 (or -f CP1252)."
    )
    E161 = (
        "[GB-E161] {path}: the compressed file is damaged or cut off: {error}. Copy or download "
        "it again."
    )
    E162 = (
        "[GB-E162] There is no document in {path}. It may be cut off or of another kind: look at "
        "it, or leave it out."
    )
    E163 = (
        "[GB-E163] None of the {n} documents could be annotated; the reasons are above. No output "
        "was written, and an earlier one is as it was."
    )
    E164 = (
        "[GB-E164] {path} is a folder; the format {format!r} is read from one file. Name the "
        "file, or use the format 'brat' for a folder of .txt and .ann files."
    )

    E182 = (
        "[GB-E182] {path} cannot be read: {error}. It must hold one JSON object. Correct the file, "
        "or copy it again."
    )

    # Settings and saved components
    E140 = "[GB-E140] Unknown setting {found} for {component!r}.{hint} The settings are: {allowed}."
    E141 = (
        "[GB-E141] The settings of {component!r} are entries and not attributes: write "
        "cfg[{name!r}] = ... or component.{name} = ..., with a name that is in cfg."
    )
    E142 = (
        "[GB-E142] A setting of {component!r} cannot be removed. Set it to a value that is allowed "
        "(see configs/default.cfg)."
    )
    E144 = (
        "[GB-E144] {what} cannot be read: {error}. Copy it again, or save the pipeline again. To "
        "change a setting of a saved pipeline, edit its config.cfg."
    )
    E145 = (
        "[GB-E145] There is nothing to learn for {component!r}: of {n} training documents none has "
        "a span group {key!r} or entities (doc.ents). Their span groups are: {groups}. Set "
        "'spans_key' to the group with the gold, or write the gold to doc.spans[{key!r}] or "
        "doc.ents."
    )
    E146 = (
        "[GB-E146] The entity {start}..{end} ({text}) begins or ends inside a token of the Doc, or "
        "outside of its text. Cut the tokens first ('pipeline.annotation.split_tokens'), or "
        "correct the offsets."
    )
    E147 = (
        "[GB-E147] {component!r} has no labels to learn: its 'labels' are empty, and in {n} "
        "training documents no entity and no annotated label was found. Set 'labels', or give "
        "documents with entities."
    )
    E148 = (
        "[GB-E148] {component!r} has no attribute {name!r}. Did you mean the setting {nearest!r}? "
        "Set it with component.cfg[{nearest!r}] = ...; it is checked, works at once and is saved."
    )


class Warnings:
    """Messages of warnings; each is given once per component, counts are in `stats`."""

    W001 = (
        "[GB-W001] {n} found entities do not fall on token borders and were widened or narrowed "
        "to the Doc's tokens (alignment={alignment!r}). alignment='split' keeps their exact "
        "characters. Counted in stats['moved']; given once."
    )
    W002 = (
        "[GB-W002] {n} found entities do not fall on token borders and were left out "
        "(alignment={alignment!r}). alignment='expand' or 'split' keeps them. Counted in "
        "stats['left_out']; given once."
    )
    W003 = (
        "[GB-W003] {n} found entities clashed with a better one after both were moved to the "
        "Doc's tokens, and were left out. alignment='split' avoids it. Counted in "
        "stats['merged']; given once."
    )
    W004 = (
        "[GB-W004] {n} words have so many subtokens that a window cannot hold them; the model "
        "sees the beginning of each. Counted in stats['shortened_words']; given once."
    )
    W005 = (
        "[GB-W005] {n} words have no character that the model's tokenizer knows; the model sees "
        "a gap. Counted in stats['unknown_words']; given once."
    )
    W006 = (
        "[GB-W006] {n} found entities overlap with entities or blocked tokens that were on the Doc "
        "before, and are in doc.spans only. overwrite=True replaces the earlier ones. Counted in "
        "stats['not_in_ents']; given once."
    )
    W009 = (
        "[GB-W009] {n} gold entities cannot be learnt: their ends are not on the model's word "
        "borders, they are wider than its widest span, or a window cuts them. Counted in "
        "stats['gold_lost'] of stats['gold']; given once."
    )
    W010 = (
        "[GB-W010] Gold entities that cannot be learnt, since their ends are not on the model's "
        "word borders or they are wider than {width} words: {found}. The rest is learnt. Of a "
        "corpus that streams, the first documents were counted."
    )
    W011 = (
        "[GB-W011] {n} mentions in {path} do not stand in their text as whole words and are not "
        "marked."
    )
    W012 = (
        "[GB-W012] {n} entities begin or end inside a word of GLiNER's splitter, for which its "
        "JSON has no place; they are not in {path}."
    )
    W007 = "[GB-W007] The labels hold {found!r} more than once; each is asked once."
    W008 = (
        "[GB-W008] spans_key is {found!r}, but none of the scores that decide which model is the "
        "best is of that group; they are: {weights}. Set 'spans_{found}_f' in "
        "[training.score_weights]."
    )
    W180 = (
        "[GB-W180] The model was not trained with the label {prompt!r} and may find little or "
        "wrong things. Trained labels with similar words: {nearest}. All of them: "
        "python -m spacy gliner labels. Given once a label."
    )
    W140 = (
        "[GB-W140] {component!r} has no labels, so that it finds nothing. Set them: "
        "component.labels = ['disease', 'drug']. Given once."
    )
    W141 = (
        "[GB-W141] Of {n} training documents for {component!r} none has an entity: with these "
        "alone it learns to find nothing. If that is not meant, check 'spans_key' ({key!r}) and "
        "the data; their span groups are: {groups}."
    )
    W142 = (
        "[GB-W142] {n} training documents do not say which entities they have (no span group "
        "{key!r}, and 'missing' in doc.ents); nothing is learnt from them. Counted in "
        "stats['without_gold'] in each update; given once."
    )
    W143 = (
        "[GB-W143] The optimizer has a learning rate of {rate:g}, which wrecks a pretrained "
        "network. Use 'spacy-gliner-biomed.AdamW.v1' with about 1e-5 to 2e-4 in "
        "[training.optimizer] (see configs/few_shot.cfg), or sgd=component.create_optimizer(). "
        "Given once."
    )
    W144 = (
        "[GB-W144] {n} gold entities had white space at an end, or were nothing else; they are "
        "learnt without it. Counted in stats['gold_trimmed']; given once."
    )
    W160 = (
        "[GB-W160] {n} files or folders were not read: {found}. Files that can be read end with "
        "{endings}, in upper or lower case."
    )
    W161 = (
        "[GB-W161] {n} entities in {path} have white space at an end, which was left out of them."
    )
    W162 = (
        "[GB-W162] {n} entities in {path} are discontinuous. Each was read as one span, from its "
        "first character to its last."
    )
    W163 = (
        "[GB-W163] {n} lines in {path} hold relations, events, attributes or notes, which are not "
        "read; the entities are."
    )
    W130 = (
        "[GB-W130] precision={asked!r} is computed in float32: {device} has no fast products in "
        "that type, and would take several times as long. Set 'precision' to 'auto' (the fastest "
        "that a machine has) or 'float32'. Given once."
    )
    W020 = (
        "[GB-W020] '{name}' is set to link the span group {key!r}, which a Doc does not have; it "
        "has: {found}. Nothing was linked in it. Set 'spans_key' to one of these, or to null for "
        "doc.ents. Given once."
    )
    W120 = "[GB-W120] The option {old} is deprecated: use {new}, or a --config file."
    W150 = "[GB-W150] {n} blank rows in {path} were skipped."
