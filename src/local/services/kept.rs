//! What a service remembers: documents that are replaced in one rename, so that a kill leaves the old or the new.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::local::service::{ServiceError, ServiceResult};
use crate::local::store::{Store, StoreError};

/// One document.
pub(crate) struct Kept<T> {
    store: Store,
    name: String,
    value: Mutex<T>,
}

impl<T: Serialize + DeserializeOwned + Default + Clone> Kept<T> {
    /// Reads the document, or starts with an empty one.
    pub(crate) fn open(store: &Store, name: &str) -> Result<Self, StoreError> {
        let value = store.load(name)?.unwrap_or_default();
        Ok(Kept { store: store.clone(), name: name.to_owned(), value: Mutex::new(value) })
    }

    /// Looks at it.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.value.lock())
    }

    /// Changes it and saves it; when the change is refused or cannot be saved, nothing has changed.
    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> ServiceResult<R>) -> ServiceResult<R> {
        let mut value = self.value.lock();
        let mut next = value.clone();
        let result = change(&mut next)?;
        self.store.save(&self.name, &next).map_err(|error| internal(&error))?;
        *value = next;
        Ok(result)
    }
}

/// Many documents of one kind, each in a file of its own, so that a change writes little.
pub(crate) struct Shelf<T> {
    store: Store,
    folder: String,
    items: Mutex<BTreeMap<String, T>>,
}

impl<T: Serialize + DeserializeOwned + Clone> Shelf<T> {
    /// Reads all documents of `folder`.
    pub(crate) fn open(store: &Store, folder: &str) -> Result<Self, StoreError> {
        let path = store.directory(folder)?;
        let failed = |source| StoreError::Io { path: path.clone(), source };
        let mut items = BTreeMap::new();
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            // What a killed process was writing beside a document has another name.
            let Some(id) = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json")) else { continue };
            if let Some(item) = store.load(&format!("{folder}/{id}"))? {
                items.insert(id.to_owned(), item);
            }
        }
        Ok(Shelf { store: store.clone(), folder: folder.to_owned(), items: Mutex::new(items) })
    }

    /// A copy of one.
    pub(crate) fn get(&self, id: &str) -> Option<T> {
        self.items.lock().get(id).cloned()
    }

    /// Looks at one.
    pub(crate) fn look<R>(&self, id: &str, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.items.lock().get(id).map(look)
    }

    /// Takes something from each.
    pub(crate) fn collect<R>(&self, take: impl Fn(&T) -> Option<R>) -> Vec<R> {
        self.items.lock().values().filter_map(take).collect()
    }

    /// Adds one or replaces it.
    pub(crate) fn put(&self, id: &str, item: T) -> ServiceResult<()> {
        self.save(id, &item)?;
        self.items.lock().insert(id.to_owned(), item);
        Ok(())
    }

    /// Changes one and saves it. One that does not exist is left alone.
    pub(crate) fn change(&self, id: &str, change: impl FnOnce(&mut T)) -> ServiceResult<()> {
        let mut items = self.items.lock();
        let Some(item) = items.get_mut(id) else { return Ok(()) };
        change(item);
        self.save(id, item)
    }

    /// Changes one in memory only, for progress that need not survive.
    pub(crate) fn touch(&self, id: &str, change: impl FnOnce(&mut T)) {
        if let Some(item) = self.items.lock().get_mut(id) {
            change(item);
        }
    }

    /// Removes one.
    pub(crate) fn remove(&self, id: &str) -> ServiceResult<()> {
        let mut items = self.items.lock();
        self.store.remove(&format!("{}/{id}", self.folder)).map_err(|error| internal(&error))?;
        items.remove(id);
        Ok(())
    }

    fn save(&self, id: &str, item: &T) -> ServiceResult<()> {
        self.store.save(&format!("{}/{id}", self.folder), item).map_err(|error| internal(&error))
    }
}

/// The service's answer when the disk refuses.
pub(crate) fn internal(error: &StoreError) -> ServiceError {
    ServiceError::new("InternalFailure", error.to_string()).with_status(500)
}
